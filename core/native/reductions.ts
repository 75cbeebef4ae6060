import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { KernelCall, NativeBackend, NativeKernel } from './native-backend.js';
import { stockKernel } from './stock.js';

const MAX_RANK = 8;

/** Permutes the axes of a float32 tensor. */
export function transposeTensor(backend: NativeBackend, x: TensorInfo, permutation: readonly number[]): TensorInfo {
  const { info, values } = backend.output(permutation.map((axis) => x.shape[axis]!));
  const strides = new Array<number>(x.shape.length);
  let step = 1;
  for (let axis = x.shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= x.shape[axis]!;
  }
  // Axes that stay neighbours are walked as one; those of size 1 do not matter.
  const axes: [size: number, stride: number][] = [];
  for (const axis of permutation) {
    const size = x.shape[axis]!;
    if (size === 1) continue;
    const outer = axes.at(-1);
    if (outer !== undefined && outer[1] === strides[axis]! * size)
      axes[axes.length - 1] = [outer[0] * size, strides[axis]!];
    else axes.push([size, strides[axis]!]);
  }
  if (axes.length === 0) axes.push([1, 1]);
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
    const strides = [...tf.util.computeStrides(x.shape), 1];
    const offset = begin.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
    // The strided copy that transposes also cuts out blocks.
    const layout = Int32Array.from([...sizes, ...strides]);
    const source = call.backend.float32(x).subarray(offset);
    if (values.length > 0) call.backend.functions.cp_transpose(source, values, rank, layout);
    return info;
  },
};

const count = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);

/** Operation numbers of cp_reduce. */
const REDUCTIONS = { Sum: 0, Mean: 1, Max: 2 } as const;

/** Reduces the axes, which are in ascending order; axes that are not neighbours are brought together first. */
function reduceAxes(call: KernelCall, operation: number, axes: readonly number[], keepDims: boolean): TensorInfo {
  const { backend } = call;
  const x = call.inputs.x!;
  const rank = x.shape.length;
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const shape = keepDims
    ? x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : kept.map((axis) => x.shape[axis]!);
  const first = axes[0] ?? 0;
  const neighbours = axes.every((axis, i) => axis === first + i);
  const input = neighbours ? x : transposeTensor(backend, x, [...kept, ...axes]);
  const start = neighbours ? first : rank - axes.length;
  const outer = count(input.shape.slice(0, start));
  const inner = count(input.shape.slice(start + axes.length));
  const size = count(axes.map((axis) => x.shape[axis]!));
  const { info, values } = backend.output(shape);
  if (values.length > 0) backend.functions.cp_reduce(operation, backend.float32(input), values, outer, size, inner);
  if (!neighbours) backend.disposeIntermediateTensorInfo(input);
  return info;
}

function reduction(name: keyof typeof REDUCTIONS): NativeKernel {
  const stock = stockKernel(name);
  const axisOf = (attrs: KernelCall['attrs']) =>
    attrs as { axis?: number | number[]; reductionIndices?: number | number[]; keepDims?: boolean };
  return {
    name,
    run(call) {
      const x = call.inputs.x!;
      const { axis, reductionIndices, keepDims } = axisOf(call.attrs);
      const axes = tf.util.parseAxisParam((axis ?? reductionIndices) as number[], x.shape).sort((a, b) => a - b);
      const empty = count(x.shape) === 0;
      if (x.dtype !== 'float32' || empty || x.shape.length > MAX_RANK) return stock(call);
      return reduceAxes(call, REDUCTIONS[name], axes, keepDims ?? false);
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
