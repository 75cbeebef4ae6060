import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { KernelCall, NativeBackend, NativeKernel } from '../backend/native-backend.js';
import { stockKernel } from './stock.js';
import { elementCount, rowMajorStrides, transposeAxes } from './strided-axes.js';

const MAX_RANK = 8;

/** Permutes the axes of a float32 tensor. */
function transposeTensor(backend: NativeBackend, x: TensorInfo, permutation: readonly number[]): TensorInfo {
  const { info, values } = backend.output(permutation.map((axis) => x.shape[axis]!));
  const axes = transposeAxes(x.shape, permutation);
  const layout = Int32Array.from([...axes.map(([size]) => size), ...axes.map(([, stride]) => stride)]);
  if (values.length > 0) backend.functions.cp_transpose(backend.float32(x), values, axes.length, layout);
  return info;
}

const transpose: NativeKernel = {
  name: tf.Transpose,
  run(call) {
    const x = call.inputs.x!;
    if (x.dtype !== 'float32' || x.shape.length > MAX_RANK) return stockKernel(tf.Transpose)(call);
    return transposeTensor(call.backend, x, (call.attrs as { perm: number[] }).perm);
  },
};

const slice: NativeKernel = {
  name: tf.Slice,
  run(call) {
    const x = call.inputs.x!;
    const rank = x.shape.length;
    if (x.dtype !== 'float32' || rank === 0 || rank > MAX_RANK) return stockKernel(tf.Slice)(call);
    const { begin: from, size } = call.attrs as { begin: number[]; size: number[] };
    const [begin, sizes] = tf.slice_util.parseSliceParams(x as tf.Tensor, from, size) as [number[], number[]];
    tf.slice_util.assertParamsValid(x as tf.Tensor, begin, sizes);
    const { info, values } = call.backend.output(sizes);
    const strides = rowMajorStrides(x.shape);
    const offset = begin.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
    // The strided copy that transposes also cuts out blocks.
    const layout = Int32Array.from([...sizes, ...strides]);
    const source = call.backend.float32(x).subarray(offset);
    if (values.length > 0) call.backend.functions.cp_transpose(source, values, rank, layout);
    return info;
  },
};

/** Operation numbers of cp_reduce. */
const REDUCTIONS = { Sum: 0, Mean: 1, Max: 2 } as const;

/** How a reduction goes: over the middle axis of [outer, size, inner], after `permutation` where axes are not neighbours. */
export interface ReductionPlan {
  readonly shape: number[];
  readonly permutation: number[] | undefined;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** @param axes - in ascending order */
export function planReduction(shape: readonly number[], axes: readonly number[], keepDims: boolean): ReductionPlan {
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const first = axes[0] ?? 0;
  const neighbours = axes.every((axis, i) => axis === first + i);
  const permutation = neighbours ? undefined : [...kept, ...axes];
  const arranged = permutation?.map((axis) => shape[axis]!) ?? shape;
  const start = neighbours ? first : shape.length - axes.length;
  return {
    shape: keepDims ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) : kept.map((axis) => shape[axis]!),
    permutation,
    outer: elementCount(arranged.slice(0, start)),
    size: elementCount(axes.map((axis) => shape[axis]!)),
    inner: elementCount(arranged.slice(start + axes.length)),
  };
}

/** Attributes of the stock reductions, which name their axes in two ways. */
interface ReductionAttributes {
  readonly axis?: number | number[];
  readonly reductionIndices?: number | number[];
  readonly keepDims?: boolean;
}

/** The axes that a stock reduction names, in ascending order, and whether they stay as axes of size 1. */
export function reducedAxes(shape: readonly number[], attributes: unknown): { axes: number[]; keepDims: boolean } {
  const { axis, reductionIndices, keepDims } = attributes as ReductionAttributes;
  const axes = tf.util.parseAxisParam((axis ?? reductionIndices) as number[], [...shape]).sort((a, b) => a - b);
  return { axes, keepDims: keepDims ?? false };
}

function reduceAxes({ inputs, backend }: KernelCall, operation: number, plan: ReductionPlan): TensorInfo {
  const { shape, permutation, outer, size, inner } = plan;
  const x = inputs.x!;
  const input = permutation === undefined ? x : transposeTensor(backend, x, permutation);
  const { info, values } = backend.output(shape);
  if (values.length > 0) backend.functions.cp_reduce(operation, backend.float32(input), values, outer, size, inner);
  if (input !== x) backend.disposeIntermediateTensorInfo(input);
  return info;
}

function reduction(name: keyof typeof REDUCTIONS): NativeKernel {
  const stock = stockKernel(name);
  return {
    name,
    run(call) {
      const x = call.inputs.x!;
      const { axes, keepDims } = reducedAxes(x.shape, call.attrs);
      const empty = elementCount(x.shape) === 0;
      if (x.dtype !== 'float32' || empty || x.shape.length > MAX_RANK) return stock(call);
      return reduceAxes(call, REDUCTIONS[name], planReduction(x.shape, axes, keepDims));
    },
  };
}

function softmaxKernel(name: string, input: string, logarithmic: boolean): NativeKernel {
  const stock = stockKernel(name);
  return {
    name,
    run(call) {
      const x = call.inputs[input]!;
      const { dim, axis } = call.attrs as { dim?: number; axis?: number };
      const rank = x.shape.length;
      const along = dim ?? axis ?? -1;
      if (x.dtype !== 'float32' || rank === 0 || (along !== -1 && along !== rank - 1)) return stock(call);
      const { info, values } = call.backend.output(x.shape);
      const size = x.shape[rank - 1]!;
      const rows = values.length / size;
      if (values.length > 0) {
        call.backend.functions.cp_softmax(call.backend.float32(x), values, rows, size, logarithmic ? 1 : 0);
      }
      return info;
    },
  };
}

export const reductionKernels: readonly NativeKernel[] = [
  transpose,
  slice,
  reduction('Sum'),
  reduction('Mean'),
  reduction('Max'),
  softmaxKernel(tf.Softmax, 'logits', false),
  softmaxKernel(tf.LogSoftmax, 'logits', true),
];
