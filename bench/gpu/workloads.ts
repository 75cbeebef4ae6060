import * as tf from '@tensorflow/tfjs';
import type { CudaBackend } from '../../core/cuda/backend/cuda-backend.js';
import { makeEncoder } from '../encoder.js';
import { type EncoderSizes, forwardOperations, PAPER } from '../encoder-numbers.js';
import { median } from '../measure.js';
import { posteriorStepWork, REGRESSIONS } from '../posterior.js';
import { redqUpdateWork } from '../redq.js';

/** What is measured, and how the peer in torch is told to do the same. */
export interface GpuWorkload {
  readonly name: string;
  /** Left out where the peer has no such work. */
  readonly mode?: 'forward' | 'gradient' | 'redq' | 'posterior';
  readonly batch: number;
  /** Multiply-adds count as two; undefined where they were not counted. */
  readonly operations?: number;
  /** Bytes that have to be read and written at least. */
  readonly bytes?: number;
  make(): { run(): void; dispose(): void };
}

export interface GpuTiming {
  readonly name: string;
  readonly batch: number;
  readonly medianSeconds: number;
  readonly fastestSeconds: number;
  readonly runs: number;
  readonly heldBytes: number;
  readonly operationsPerSecond?: number;
  readonly bytesPerSecond?: number;
}

const FLOAT_BYTES = 4;

function encoderWorkload(sizes: EncoderSizes, mode: 'forward' | 'gradient'): GpuWorkload {
  const { batch, rows, variables, width, pairs } = sizes;
  const passes = mode === 'forward' ? 2 : 5;
  const forward = forwardOperations(sizes);
  return {
    name: mode === 'forward' ? 'encoder forward' : 'encoder forward and backward',
    mode,
    batch,
    operations: mode === 'forward' ? forward : 3 * forward,
    bytes: passes * 2 * pairs * batch * rows * variables * width * FLOAT_BYTES,
    make: () => encoderWork(sizes, mode),
  };
}

function encoderWork(sizes: EncoderSizes, mode: 'forward' | 'gradient') {
  const { encode, parameters, x, dispose } = makeEncoder(sizes);
  if (mode === 'forward') return { run: () => tf.tidy(() => void encode(x)), dispose };
  const cotangent = tf.onesLike(x);
  const gradients = tf.grads((input: tf.Tensor) => encode(input as tf.Tensor4D));
  const run = () => tf.dispose(tf.tidy(() => gradients([x, ...parameters.variables], cotangent)));
  return {
    run,
    dispose: () => {
      cotangent.dispose();
      dispose();
    },
  };
}

/** Batches of the measurements; small ones for a trial without a GPU. */
export function gpuWorkloads(small: boolean): GpuWorkload[] {
  const encoder = { ...PAPER, ...(small ? { batch: 1, rows: 6, variables: 3, pairs: 1 } : { batch: 1024 }) };
  const [updates, steps] = small ? [1, 1] : [4096, 64];
  return [
    encoderWorkload(encoder, 'forward'),
    encoderWorkload(encoder, 'gradient'),
    { name: 'REDQ/SAC update', mode: 'redq', batch: updates, make: () => redqUpdateWork(updates) },
    { name: 'posterior training step', mode: 'posterior', batch: steps, make: () => posteriorStepWork(steps) },
    {
      name: 'posterior training step on regressions',
      batch: 2 * steps,
      make: () => posteriorStepWork(2 * steps, { network: REGRESSIONS }),
    },
  ];
}

/** Runs the work until `seconds` have passed, after three runs of which a captured step records the second. */
export function timeWorkload(
  workload: GpuWorkload,
  backend: CudaBackend,
  { rounds, seconds }: { rounds: number; seconds: number },
): GpuTiming {
  const work = workload.make();
  const elapsed: number[] = [];
  const runOnce = () => {
    const begin = performance.now();
    work.run();
    backend.device.synchronize();
    return (performance.now() - begin) / 1000;
  };
  for (let warmup = 0; warmup < 3; warmup++) runOnce();
  const end = performance.now() + seconds * 1000;
  do elapsed.push(runOnce());
  while (elapsed.length < rounds && performance.now() < end);
  const { heldBytes } = backend.memoryPool.statistics;
  work.dispose();
  const medianSeconds = median(elapsed);
  const { name, batch, operations, bytes } = workload;
  return {
    name,
    batch,
    medianSeconds,
    fastestSeconds: Math.min(...elapsed),
    runs: elapsed.length,
    heldBytes,
    operationsPerSecond: operations === undefined ? undefined : operations / medianSeconds,
    bytesPerSecond: bytes === undefined ? undefined : bytes / medianSeconds,
  };
}
