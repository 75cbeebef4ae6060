import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { planReduction, reducedAxes } from '../../native/ops/reductions.js';
import { elementCount } from '../../native/ops/strided-axes.js';
import type { CudaBackend } from '../backend/cuda-backend.js';
import { type CudaKernel, type CudaKernelCall, onHost } from '../backend/cuda-kernel.js';
import type { Handle } from '../device/driver.js';
import { BLOCK_THREADS } from '../device/kernel-launcher.js';
import { bytesOf } from '../memory/tensor-data.js';
import { transposeTensor } from './copies.js';
import { MAX_RANK } from './layout.js';

const WARP = 32;
/** Threads that keep a device busy; a number of its own, so that sums do not depend on the device. */
const BUSY_THREADS = 65536;
/** Numbers that are worth a range of their own. */
const RANGE_LENGTH = 256;

/** Operation numbers of reduce.cu; a mean is a sum times the reciprocal of the size. */
const REDUCTIONS = { Sum: 0, Mean: 0, Max: 1, Min: 2 } as const;

/** A reduction of [outer, size, inner] over the middle axis. */
interface Reduction {
  readonly operation: number;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly factor: number;
}

/** Into how many ranges the reduced axis is split, each giving partial results. */
function rangesFor({ outer, size, inner }: Reduction): number {
  const threads = outer * inner * (inner === 1 ? WARP : 1);
  return Math.max(1, Math.min(Math.ceil(size / RANGE_LENGTH), Math.ceil(BUSY_THREADS / threads)));
}

function launchReduction(
  backend: CudaBackend,
  reduction: Reduction,
  places: readonly [Handle, Handle],
  ranges: number,
) {
  const { operation, outer, size, inner, factor } = reduction;
  const results = outer * ranges * inner;
  if (inner === 1) {
    const grid = [Math.ceil((results * WARP) / BLOCK_THREADS)] as const;
    backend.launcher.launch('reduce_rows', { grid }, [operation, ...places, results, size, ranges, factor]);
  } else {
    backend.launcher.launchEach('reduce_columns', results, [
      operation,
      ...places,
      results,
      size,
      inner,
      ranges,
      factor,
    ]);
  }
}

/** Reduces from the first address to the second, in two steps where one would leave the device idle. */
function reduce(backend: CudaBackend, reduction: Reduction, [from, to]: readonly [Handle, Handle]): void {
  const ranges = rangesFor(reduction);
  if (ranges === 1) {
    launchReduction(backend, reduction, [from, to], 1);
    return;
  }
  const { outer, inner } = reduction;
  const partial = backend.workspace(bytesOf('float32', outer * ranges * inner));
  launchReduction(backend, { ...reduction, factor: 1 }, [from, partial.address], ranges);
  launchReduction(backend, { ...reduction, size: ranges }, [partial.address, to], 1);
  backend.release(partial);
}

function reduction(name: keyof typeof REDUCTIONS): CudaKernel {
  return {
    name,
    run(call) {
      const { inputs, attrs, backend } = call;
      const x = inputs.x!;
      const { axes, keepDims } = reducedAxes(x.shape, attrs);
      if (x.dtype !== 'float32' || elementCount(x.shape) === 0 || x.shape.length > MAX_RANK) return onHost(name, call);
      const { shape, permutation, ...sizes } = planReduction(x.shape, axes, keepDims);
      const input = permutation === undefined ? x : transposeTensor(backend, x, permutation);
      const from = backend.address(input);
      const { info, address } = backend.output(shape);
      const factor = name === 'Mean' ? 1 / sizes.size : 1;
      reduce(backend, { operation: REDUCTIONS[name], ...sizes, factor }, [from, address]);
      if (input !== x) backend.disposeIntermediateTensorInfo(input);
      return info;
    },
  };
}

/** Position of the largest or smallest number along one axis. */
function argExtreme(name: string, smallest: number): CudaKernel {
  return {
    name,
    run(call) {
      const x = call.inputs.x!;
      const axes = tf.util.parseAxisParam((call.attrs as { axis: number | number[] }).axis, x.shape);
      if (x.dtype !== 'float32' || axes.length !== 1 || elementCount(x.shape) === 0) return onHost(name, call);
      const { shape, outer, size, inner } = planReduction(x.shape, axes, false);
      const from = call.backend.address(x);
      const { info, address } = call.backend.output(shape, 'int32');
      const results = outer * inner;
      call.backend.launcher.launchEach('arg_extreme', results, [smallest, from, address, results, size, inner]);
      return info;
    },
  };
}

function softmax(name: string, input: string, logarithmic: number): CudaKernel {
  return {
    name,
    run(call: CudaKernelCall): TensorInfo | TensorInfo[] {
      const x = call.inputs[input]!;
      const { dim, axis } = call.attrs as { dim?: number; axis?: number };
      const rank = x.shape.length;
      const along = dim ?? axis ?? -1;
      const size = elementCount(x.shape);
      const last = along === -1 || along === rank - 1;
      if (x.dtype !== 'float32' || rank === 0 || size === 0 || !last) return onHost(name, call);
      const width = x.shape[rank - 1]!;
      const rows = size / width;
      const from = call.backend.address(x);
      const { info, address } = call.backend.output(x.shape);
      const grid = [Math.ceil((rows * WARP) / BLOCK_THREADS)] as const;
      call.backend.launcher.launch('softmax', { grid }, [from, address, rows, width, logarithmic]);
      return info;
    },
  };
}

export const reductionKernels: readonly CudaKernel[] = [
  reduction('Sum'),
  reduction('Mean'),
  reduction('Max'),
  reduction('Min'),
  argExtreme(tf.ArgMax, 0),
  argExtreme(tf.ArgMin, 1),
  softmax(tf.Softmax, 'logits', 0),
  softmax(tf.LogSoftmax, 'logits', 1),
];
