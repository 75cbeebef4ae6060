import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../../core/backend/backend.js';
import type { CudaDeviceKind } from '../../core/cuda/device/device-library.js';
import type { Precision } from '../../core/cuda/device/precision.js';
import { hostKernelCounts } from '../../core/cuda/register.js';
import { RandomStream } from '../../core/random/stream.js';
import { encoderLayer, encoderLayerReference } from '../../core/tensor/encoder-layer.js';
import { layerNorm } from '../../core/tensor/layer-norm.js';
import { linear } from '../../core/tensor/linear.js';
import { maskedMaxPool } from '../../core/tensor/masked-pool.js';
import { type LayerCase, randomArray, runLayer } from '../../test/core/native/random-layer.js';
import { posteriorStepWork, REGRESSIONS } from '../posterior.js';
import { redqUpdateWork } from '../redq.js';

/** One comparison of the device with the stock WebAssembly backend. */
export interface Agreement {
  readonly name: string;
  readonly precision: Precision;
  /** Root mean square of the differences relative to that of the wanted numbers, the worst of all results. */
  readonly difference: number;
  readonly allowed: number;
  /** Whether a second run on the device gave the same bits. */
  readonly repeats: boolean;
  /** Whether the difference is allowed and a second run gave the same. */
  readonly agrees: boolean;
  /** Kernels that ran on the host though the device should have them. */
  readonly hostKernels: Readonly<Record<string, number>>;
  readonly error?: string;
}

type Results = ReadonlyMap<string, Float32Array>;

interface Comparison {
  readonly name: string;
  /** Largest difference that rounding explains, by precision of the products. */
  readonly allowed: Readonly<Record<Precision, number>>;
  /** Runs on the CUDA backend. */
  readonly onDevice: () => Results;
  /** Runs on the stock WebAssembly backend. */
  readonly onHost: () => Results;
}

/** Rounding of tf32 turns single hidden units on or off, so its bound is loose: wrong places give differences near 1. */
const ALLOWED: Readonly<Record<Precision, number>> = { float32: 1e-4, tf32: 5e-2 };
/** Losses after some steps: the optimiser amplifies rounding. */
const ALLOWED_IN_TRAINING: Readonly<Record<Precision, number>> = { float32: 1e-3, tf32: 5e-2 };

const usual: LayerCase = {
  batch: 2,
  rows: 60,
  variables: 5,
  width: 32,
  heads: 8,
  keySize: 4,
  hidden: 128,
  axis: 'rows',
  masked: true,
  dropoutRate: 0.1,
  seed: 1,
};

const LAYERS: readonly (readonly [string, Partial<LayerCase>])[] = [
  ['rows', {}],
  ['variables', { axis: 'variables' }],
  ['no padding or dropout', { masked: false, dropoutRate: 0 }],
  ['width 8', { width: 8, heads: 2, hidden: 16 }],
  ['width 16', { width: 16, heads: 4, hidden: 32 }],
  ['width 64', { width: 64, keySize: 8, hidden: 256, rows: 20 }],
  ['a width between', { width: 22, heads: 2, hidden: 37 }],
  ['keys of 16', { keySize: 16, heads: 2 }],
  ['short sequences', { rows: 7, variables: 11, batch: 5 }],
  ['long sequences', { rows: 200, variables: 2 }],
  ['work areas in device memory', { rows: 460, variables: 1, heads: 8, batch: 1 }],
];

const layerComparisons = LAYERS.map(([name, change]): Comparison => {
  const layer = { ...usual, ...change };
  return {
    name: `encoder layer: ${name}`,
    allowed: ALLOWED,
    onDevice: () => runLayer(encoderLayer, layer),
    onHost: () => runLayer(encoderLayerReference, layer),
  };
});

/** Result and gradients of an op on random numbers of the given shapes. */
function runOp(op: (...inputs: tf.Tensor[]) => tf.Tensor, shapes: readonly (readonly number[])[]): Results {
  const results = new Map<string, Float32Array>();
  tf.tidy(() => {
    const stream = new RandomStream('gpu-check');
    const inputs = shapes.map((shape, i) =>
      tf.tensor(randomArray(stream.child(i), tf.util.sizeFromShape([...shape]), 1), [...shape]),
    );
    const y = op(...inputs);
    const cotangent = tf.tensor(randomArray(stream.child('cotangent'), y.size, 1), y.shape);
    const gradients = tf.grads((...given: tf.Tensor[]) =>
      op(...given)
        .mul(cotangent)
        .sum(),
    )(inputs);
    for (const [i, tensor] of [y, ...gradients].entries()) {
      results.set(i === 0 ? 'y' : `gradient ${i - 1}`, tensor.dataSync<'float32'>().slice());
    }
  });
  return results;
}

const OPS: readonly (readonly [string, (...inputs: tf.Tensor[]) => tf.Tensor, readonly (readonly number[])[]])[] = [
  [
    'linear with ReLU',
    (x, w, b) => linear(x!, w as tf.Tensor2D, b as tf.Tensor1D, 'relu'),
    [[700, 34], [128, 34], [128]],
  ],
  ['narrow linear', (x, w, b) => linear(x!, w as tf.Tensor2D, b as tf.Tensor1D), [[5000, 2], [32, 2], [32]]],
  ['layer norm', (x, s, b) => layerNorm(x!, s as tf.Tensor1D, b as tf.Tensor1D), [[900, 48], [48], [48]]],
  ['max pool', (x) => maskedMaxPool(x as tf.Tensor4D), [[6, 11, 5, 32]]],
  [
    'matrix product',
    (a, b) => tf.matMul(a!, b!, false, true),
    [
      [8, 30, 17],
      [8, 25, 17],
    ],
  ],
  ['softmax', (x) => tf.softmax(x!), [[40, 300]]],
  [
    'sums and broadcasts',
    (a, b) => tf.mul(a!, b!).sum(1).tanh(),
    [
      [20, 30, 7],
      [30, 1],
    ],
  ],
];

const opComparisons = OPS.map(
  ([name, op, shapes]): Comparison => ({
    name,
    allowed: ALLOWED,
    onDevice: () => runOp(op, shapes),
    onHost: () => runOp(op, shapes),
  }),
);

const TRAINING_STEPS = 4;

/** Losses of some steps, of which the later ones are recorded and replayed on the device. */
function trainingComparison(name: string, make: () => { run(): object; dispose(): void }): Comparison {
  const run = (): Results => {
    const work = make();
    const steps = Array.from({ length: TRAINING_STEPS }, () => Object.entries(work.run()) as [string, number][]);
    work.dispose();
    const names = steps[0]!.map(([metric]) => metric);
    return new Map(names.map((metric, i) => [metric, Float32Array.from(steps, (step) => step[i]![1])]));
  };
  return { name, allowed: ALLOWED_IN_TRAINING, onDevice: run, onHost: run };
}

/** Adam's first steps are as long as the rate whatever the gradient, so at the usual one rounding grows to a thousandth. */
const learningRate = 1e-4;

const trainingComparisons = [
  trainingComparison('REDQ update', () => redqUpdateWork(2)),
  trainingComparison('posterior step', () => posteriorStepWork(2, { learningRate })),
  trainingComparison('posterior step, regressions', () => posteriorStepWork(2, { learningRate, network: REGRESSIONS })),
];

function typicalDifference(got: Float32Array | undefined, wanted: Float32Array): number {
  if (got?.length !== wanted.length) return Number.POSITIVE_INFINITY;
  const squares = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);
  const difference = Math.sqrt(squares(got.map((value, i) => value - wanted[i]!)));
  return difference === 0 ? 0 : difference / Math.sqrt(squares(wanted));
}

/** Kernels that ran on the host since `before`. */
function hostKernelsSince(before: ReadonlyMap<string, number>): Record<string, number> {
  const counts = [...hostKernelCounts()].map(([name, times]) => [name, times - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(counts.filter(([, times]) => times > 0));
}

async function compare(comparison: Comparison, { device }: AgreementOptions): Promise<Agreement[]> {
  const { name, onDevice, onHost } = comparison;
  await useBackend({ backend: 'wasm' });
  const wanted = onHost();
  const agreements: Agreement[] = [];
  for (const precision of ['float32', 'tf32'] as const) {
    const allowed = comparison.allowed[precision];
    try {
      await useBackend({ backend: 'cuda', cudaDevice: device, precision });
      const before = new Map(hostKernelCounts());
      const got = onDevice();
      const hostKernels = hostKernelsSince(before);
      const differences = [...wanted].map(([result, values]) => typicalDifference(got.get(result), values));
      const difference = Math.max(...differences);
      const again = onDevice();
      const repeats = [...got].every(([result, values]) => typicalDifference(again.get(result), values) === 0);
      const agrees = difference <= allowed && repeats;
      agreements.push({ name, precision, difference, allowed, repeats, agrees, hostKernels });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const nothing = { difference: Number.POSITIVE_INFINITY, repeats: false, agrees: false, hostKernels: {} };
      agreements.push({ name, precision, allowed, ...nothing, error: text });
    }
  }
  return agreements;
}

export interface AgreementOptions {
  readonly device: CudaDeviceKind;
  /** Only the comparisons that are quick on the software device. */
  readonly small: boolean;
}

/** Compares every kernel on the device with stock ops on the stock WebAssembly backend, in both precisions. */
export async function checkAgreement(options: AgreementOptions): Promise<Agreement[]> {
  const all = [...layerComparisons, ...opComparisons, ...trainingComparisons];
  const chosen = options.small ? [layerComparisons[4]!, ...opComparisons] : all;
  const results: Agreement[] = [];
  for (const comparison of chosen) results.push(...(await compare(comparison, options)));
  return results;
}
