import * as tf from '@tensorflow/tfjs';
import { type BackendName, useBackend } from '../../../core/backend/backend.js';
import { DEVICE_KERNELS, hostKernelCounts } from '../../../core/cuda/register.js';
import { encoderLayer } from '../../../core/tensor/encoder-layer.js';
import { encoderLayerShapes, WEIGHT_NAMES } from '../../../core/tensor/encoder-layer-contract.js';
import { linear } from '../../../core/tensor/linear.js';
import { maskedMaxPool } from '../../../core/tensor/masked-pool.js';
import { Adam, valueAndGradients } from '../../../core/tensor/optimizers.js';
import { ParameterSet } from '../../../core/tensor/parameters.js';

// Shapes: 4 datasets of 10 rows and 5 variables, width 16, 4 heads of 4, feed-forward width 32.

const SHAPE = [4, 10, 5, 16] as const;
const HEADS = 4;

/** What a training step on the CUDA device gave. */
export interface CudaCheck {
  /** Largest difference of its gradients and weights from those of the stock CPU backend, relative to the largest of each. */
  readonly relativeDifference: number;
  /** Kernels that have a form of their own on the device. */
  readonly deviceKernels: number;
  /** How often the step ran other kernels, on the host. */
  readonly hostKernels: Readonly<Record<string, number>>;
}

/** Trains a small network for one step on the device and on the processor, and compares. */
export async function checkCuda(): Promise<CudaCheck> {
  const wanted = await train('cpu');
  const got = await train('cuda');
  return {
    relativeDifference: Math.max(
      relativeDifference(got.gradients, wanted.gradients),
      relativeDifference(got.weights, wanted.weights),
    ),
    deviceKernels: DEVICE_KERNELS.length,
    hostKernels: Object.fromEntries(hostKernelCounts()),
  };
}

function relativeDifference(got: readonly number[], wanted: readonly number[]): number {
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - (got[i] ?? Number.NaN))), 0);
  return difference / largest;
}

/** Numbers between -0.4 and 0.4 that need no random stream. */
const waves = (size: number, phase: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => 0.4 * Math.sin(1.7 * i + phase));

function makeParameters(): ParameterSet {
  const parameters = new ParameterSet();
  const shapes = encoderLayerShapes({ width: SHAPE[3], attention: 16, hidden: 32 });
  WEIGHT_NAMES.forEach((name, i) => {
    const size = shapes[name].reduce((product, length) => product * length, 1);
    parameters.add(name, shapes[name], waves(size, i));
  });
  parameters.add('outWeight', [3, SHAPE[3]], waves(3 * SHAPE[3], 20));
  return parameters;
}

/** What one training step makes. */
interface StepResult {
  readonly gradients: readonly number[];
  readonly weights: readonly number[];
}

/** One step of Adam, whose large epsilon keeps it from scaling up the rounding of gradients that are 0 but for that. */
async function train(backend: BackendName): Promise<StepResult> {
  await useBackend({ backend });
  const parameters = makeParameters();
  const optimizer = new Adam(parameters, { learningRate: 0.1, clipNorm: 1, epsilon: 1 });
  const x = tf.tensor4d(waves(4 * 10 * 5 * 16, 40), [...SHAPE]);
  const rowMask = tf.tensor2d(
    Float32Array.from({ length: 40 }, (_, i) => (i % 10 < 7 ? 1 : 0)),
    [4, 10],
  );
  const { gradients } = valueAndGradients(() => {
    const weights = Object.fromEntries(WEIGHT_NAMES.map((name) => [name, parameters.get(name)])) as never;
    const encoded = encoderLayer(x, weights, { heads: HEADS, axis: 'rows', rowMask });
    const pooled = maskedMaxPool(encoded, rowMask);
    return tf
      .softmax(linear(pooled, parameters.get('outWeight') as tf.Tensor2D))
      .square()
      .sum() as tf.Scalar;
  }, parameters);
  optimizer.apply(gradients);
  const numbers = (tensors: readonly tf.Tensor[]) => tensors.flatMap((tensor) => [...tensor.dataSync()]);
  const result = { gradients: numbers(gradients), weights: numbers(parameters.variables) };
  tf.dispose([...gradients, x, rowMask]);
  optimizer.dispose();
  parameters.dispose();
  return result;
}
