import * as tf from '@tensorflow/tfjs';
import { type EncoderLayerWeights, encoderLayer } from '../core/tensor/encoder-layer.js';
import { ParameterSet } from '../core/tensor/parameters.js';
import { onBackends } from './backend-contender.js';
import type { Benchmark, Workload } from './benchmark.js';
import { type EncoderSizes, encoderNumbers, forwardOperations, PAPER } from './encoder-numbers.js';
import { onnxEncoder } from './peers/onnx-encoder.js';
import { torchEncoder } from './peers/torch-encoder.js';

/** The layers with their weights and input as tensors of the active backend. */
export function makeEncoder(sizes: EncoderSizes) {
  const numbers = encoderNumbers(sizes);
  const parameters = new ParameterSet();
  const layers = numbers.layers.map((layer, index) => {
    const weights = [...layer].map(([name, { shape, data }]) => [
      name,
      parameters.add(`${index}/${name}`, shape, data),
    ]);
    return Object.fromEntries(weights) as unknown as EncoderLayerWeights;
  });
  const { batch, rows, variables, width, heads } = sizes;
  const x = tf.tensor4d(numbers.x, [batch, rows, variables, width]);
  const encode = (input: tf.Tensor4D): tf.Tensor4D =>
    layers.reduce(
      (hidden, weights, index) =>
        encoderLayer(hidden, weights, { heads, axis: index % 2 === 0 ? 'variables' : 'rows' }),
      input,
    );
  const dispose = () => {
    parameters.dispose();
    x.dispose();
  };
  return { encode, parameters, x, dispose };
}

/** The sizes with one of `parts` parts of the batch. */
const partOf = (sizes: EncoderSizes, parts: number): EncoderSizes => ({ ...sizes, batch: sizes.batch / parts });

function forwardWork(sizes: EncoderSizes) {
  const { encode, x, dispose } = makeEncoder(sizes);
  return { run: () => tf.tidy(() => void encode(x).dataSync()), dispose };
}

/** Gradients of all weights and of the input for a given gradient of the result, as inside a network. */
function gradientWork(sizes: EncoderSizes) {
  const { encode, parameters, x, dispose } = makeEncoder(sizes);
  const cotangent = tf.onesLike(x);
  const gradients = tf.grads((input: tf.Tensor) => encode(input as tf.Tensor4D));
  const run = () => {
    tf.tidy(() => {
      const weights = [...parameters.variables];
      tf.dispose(gradients([x, ...weights], cotangent));
    });
  };
  return {
    run,
    dispose: () => {
      cotangent.dispose();
      dispose();
    },
  };
}

export const benchmark: Benchmark = {
  description:
    "the paper's encoder (60 rows, 10 variables, width 32, 8 heads, 8 layers, batch 64), forward and backward",
  async workloads(context): Promise<Workload[]> {
    const per = { count: PAPER.batch, unit: 'history' };
    const forward = forwardOperations(PAPER);
    const { batch, rows, variables } = PAPER;
    const size = `${batch} histories of ${rows} rows and ${variables} variables`;
    return [
      {
        label: `Encoder forward, ${size}`,
        contenders: [
          ...(await onBackends(['native', 'wasm'], context, (parts) => forwardWork(partOf(PAPER, parts)))),
          await onnxEncoder(PAPER, context),
          await torchEncoder(PAPER, { mode: 'forward', context }),
        ],
        per,
        operations: forward,
      },
      {
        label: `Encoder forward and backward, ${size}`,
        contenders: [
          ...(await onBackends(['native', 'wasm'], context, (parts) => gradientWork(partOf(PAPER, parts)))),
          await torchEncoder(PAPER, { mode: 'gradient', context }),
        ],
        per,
        operations: 3 * forward,
      },
    ];
  },
};
