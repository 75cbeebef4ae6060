import * as tf from '@tensorflow/tfjs';

/** One axis that a kernel walks: its size, and the step along it in each of two arrays. */
export type Axis = readonly [size: number, first: number, second: number];

/** Number of elements of a shape. */
export const elementCount = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);

/** Steps along the axes of an array whose last axis is contiguous. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** Leaves out axes of size 1 and merges neighbours along which both arrays go on evenly, so that inner runs are long. */
export function mergeAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = [];
  for (const [size, first, second] of axes) {
    if (size === 1) continue;
    const outer = merged.at(-1);
    if (outer !== undefined && outer[1] === first * size && outer[2] === second * size) {
      merged[merged.length - 1] = [outer[0] * size, first, second];
    } else {
      merged.push([size, first, second]);
    }
  }
  return merged.length === 0 ? [[1, 1, 1]] : merged;
}

/** Strides of `shape` seen as part of a result of `rank` axes; 0 along repeated axes. */
function broadcastStrides(shape: readonly number[], rank: number): number[] {
  const own = rowMajorStrides(shape).map((stride, axis) => (shape[axis] === 1 ? 0 : stride));
  return [...new Array<number>(rank - shape.length).fill(0), ...own];
}

/** Result shape of an operation on two tensors that are repeated to fit, and its axes with their steps in both. */
export function broadcastAxes(a: readonly number[], b: readonly number[]): { shape: number[]; axes: Axis[] } {
  const shape = tf.backend_util.assertAndGetBroadcastShape([...a], [...b]);
  const [first, second] = [broadcastStrides(a, shape.length), broadcastStrides(b, shape.length)];
  return { shape, axes: mergeAxes(shape.map((size, axis) => [size, first[axis]!, second[axis]!])) };
}

/** Axes of the permuted tensor, outermost first: steps in the source, and in the contiguous result. */
export function transposeAxes(shape: readonly number[], permutation: readonly number[]): Axis[] {
  const strides = rowMajorStrides(shape);
  const sizes = permutation.map((axis) => shape[axis]!);
  const steps = rowMajorStrides(sizes);
  return mergeAxes(permutation.map((axis, i) => [sizes[i]!, strides[axis]!, steps[i]!]));
}
