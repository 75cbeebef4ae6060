import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type Axis, elementCount, mergeAxes, rowMajorStrides, transposeAxes } from '../../native/ops/strided-axes.js';
import type { CudaBackend } from '../backend/cuda-backend.js';
import { type CudaKernel, type CudaKernelCall, onHost } from '../backend/cuda-kernel.js';
import { bytesOf, type DeviceDataType, isDeviceType } from '../memory/tensor-data.js';
import { layoutStruct, MAX_RANK } from './layout.js';
import { filled, view } from './views.js';

/** A block of numbers on its way from one tensor to another; offsets count elements. */
interface Copy {
  readonly from: TensorInfo;
  readonly to: TensorInfo;
  readonly axes: readonly Axis[];
  readonly fromOffset?: number;
  readonly toOffset?: number;
}

/** Whether a tensor can be rearranged on the device. */
const isMovable = ({ dtype, shape }: TensorInfo): boolean => isDeviceType(dtype) && shape.length <= MAX_RANK;

function copyStrided(backend: CudaBackend, { from, to, axes, fromOffset = 0, toOffset = 0 }: Copy): void {
  const merged = mergeAxes(axes);
  const size = elementCount(merged.map(([length]) => length));
  if (size === 0) return;
  const dtype = from.dtype as DeviceDataType;
  const [source, target] = [backend.address(from), backend.address(to)];
  const [[, first, second]] = merged as [Axis];
  if (merged.length === 1 && first === 1 && second === 1) {
    const place = (address: number, offset: number) => address + bytesOf(dtype, offset);
    const { driver, stream } = backend.device;
    const bytes = bytesOf(dtype, size);
    driver.call('cuMemcpyDtoDAsync_v2', place(target, toOffset), place(source, fromOffset), bytes, stream);
    return;
  }
  const kernel = dtype === 'bool' ? 'copy_bytes' : 'copy_numbers';
  backend.launcher.launchEach(kernel, size, [source, target, fromOffset, toOffset, size, layoutStruct(merged)]);
}

/** Permutes the axes of a tensor of at most 8. */
export function transposeTensor(backend: CudaBackend, x: TensorInfo, permutation: readonly number[]): TensorInfo {
  const shape = permutation.map((axis) => x.shape[axis]!);
  const { info } = backend.output(shape, x.dtype as DeviceDataType);
  if (elementCount(shape) > 0) copyStrided(backend, { from: x, to: info, axes: transposeAxes(x.shape, permutation) });
  return info;
}

const transpose: CudaKernel = {
  name: tf.Transpose,
  run(call) {
    const x = call.inputs.x!;
    if (!isMovable(x)) return onHost(tf.Transpose, call);
    return transposeTensor(call.backend, x, (call.attrs as { perm: number[] }).perm);
  },
};

/** The block of `sizes` that begins at `begin`. */
function sliceTensor(backend: CudaBackend, x: TensorInfo, begin: readonly number[], sizes: readonly number[]) {
  const { info } = backend.output(sizes, x.dtype as DeviceDataType);
  const [strides, steps] = [rowMajorStrides(x.shape), rowMajorStrides(sizes)];
  const fromOffset = begin.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
  const axes = sizes.map((size, axis): Axis => [size, strides[axis]!, steps[axis]!]);
  copyStrided(backend, { from: x, to: info, axes, fromOffset });
  return info;
}

const slice: CudaKernel = {
  name: tf.Slice,
  run(call) {
    const x = call.inputs.x!;
    if (!isMovable(x) || x.shape.length === 0) return onHost(tf.Slice, call);
    const { begin: from, size } = call.attrs as { begin: number[]; size: number[] };
    const [begin, sizes] = tf.slice_util.parseSliceParams(x as tf.Tensor, from, size) as [number[], number[]];
    tf.slice_util.assertParamsValid(x as tf.Tensor, begin, sizes);
    return sliceTensor(call.backend, x, begin, sizes);
  },
};

const splitV: CudaKernel = {
  name: tf.SplitV,
  run(call) {
    const x = call.inputs.x!;
    if (!isMovable(x)) return onHost(tf.SplitV, call);
    const { numOrSizeSplits, axis: given } = call.attrs as { numOrSizeSplits: number | number[]; axis: number };
    const axis = tf.util.parseAxisParam(given, x.shape)[0]!;
    const begin = new Array<number>(x.shape.length).fill(0);
    return tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, axis).map((size) => {
      const sizes = [...x.shape];
      sizes[axis] = size;
      const part = sliceTensor(call.backend, x, begin, sizes);
      begin[axis]! += size;
      return part;
    });
  },
};

const unpack: CudaKernel = {
  name: tf.Unpack,
  run(call) {
    const x = call.inputs.value!;
    if (!isMovable(x)) return onHost(tf.Unpack, call);
    const { axis: given } = call.attrs as { axis: number };
    const axis = given < 0 ? given + x.shape.length : given;
    const sizes = x.shape.map((size, i) => (i === axis ? 1 : size));
    const shape = x.shape.filter((_, i) => i !== axis);
    const begin = new Array<number>(x.shape.length).fill(0);
    return Array.from({ length: x.shape[axis]! }, (_, index) => {
      begin[axis] = index;
      const part = sliceTensor(call.backend, x, begin, sizes);
      return { ...part, shape };
    });
  },
};

/** Joins tensors of one type along an axis. */
function concatTensors(backend: CudaBackend, parts: readonly TensorInfo[], axis: number): TensorInfo {
  const shape = tf.backend_util.computeOutShape(
    parts.map((part) => part.shape),
    axis,
  );
  const { info } = backend.output(shape, parts[0]!.dtype as DeviceDataType);
  const steps = rowMajorStrides(shape);
  let at = 0;
  for (const part of parts) {
    const strides = rowMajorStrides(part.shape);
    const axes = part.shape.map((size, i): Axis => [size, strides[i]!, steps[i]!]);
    copyStrided(backend, { from: part, to: info, axes, toOffset: at * steps[axis]! });
    at += part.shape[axis]!;
  }
  return info;
}

const concat: CudaKernel = {
  name: tf.Concat,
  run(call) {
    const all = Object.values(call.inputs);
    const axis = tf.util.parseAxisParam((call.attrs as { axis: number }).axis, all[0]!.shape)[0]!;
    tf.backend_util.assertParamsConsistent(
      all.map((part) => part.shape),
      axis,
    );
    const parts = all.filter((part) => elementCount(part.shape) > 0);
    const alike = parts.every((part) => isMovable(part) && part.dtype === parts[0]!.dtype);
    if (parts.length === 0 || !alike) return onHost(tf.Concat, call);
    if (parts.length === 1) return view(call.backend, parts[0]!, parts[0]!.shape);
    return concatTensors(call.backend, parts, axis);
  },
};

const pack: CudaKernel = {
  name: tf.Pack,
  run(call) {
    const parts = Object.values(call.inputs);
    const { shape, dtype } = parts[0]!;
    const alike = parts.every((part) => part.dtype === dtype && tf.util.arraysEqual(part.shape, shape));
    if (!alike || !isDeviceType(dtype) || shape.length >= MAX_RANK) return onHost(tf.Pack, call);
    const { axis: given } = call.attrs as { axis: number };
    const axis = given < 0 ? given + shape.length + 1 : given;
    const expanded = [...shape.slice(0, axis), 1, ...shape.slice(axis)];
    return concatTensors(
      call.backend,
      parts.map((part) => ({ ...part, shape: expanded })),
      axis,
    );
  },
};

const pad: CudaKernel = {
  name: tf.PadV2,
  run(call) {
    const x = call.inputs.x!;
    if (!isMovable(x)) return onHost(tf.PadV2, call);
    const { paddings, constantValue } = call.attrs as { paddings: [number, number][]; constantValue: number };
    const shape = x.shape.map((size, axis) => paddings[axis]![0] + size + paddings[axis]![1]);
    const info = filled(call.backend, shape, x.dtype as DeviceDataType, constantValue);
    const [strides, steps] = [rowMajorStrides(x.shape), rowMajorStrides(shape)];
    const axes = x.shape.map((size, axis): Axis => [size, strides[axis]!, steps[axis]!]);
    const toOffset = paddings.reduce((sum, [before], axis) => sum + before * steps[axis]!, 0);
    copyStrided(call.backend, { from: x, to: info, axes, toOffset });
    return info;
  },
};

const tile: CudaKernel = {
  name: tf.Tile,
  run(call) {
    const x = call.inputs.x!;
    const { reps } = call.attrs as { reps: number[] };
    const shape = x.shape.map((size, axis) => size * reps[axis]!);
    const [strides, steps] = [rowMajorStrides(x.shape), rowMajorStrides(shape)];
    const axes = mergeAxes(
      x.shape.flatMap((size, axis): Axis[] => [
        [reps[axis]!, 0, steps[axis]! * size],
        [size, strides[axis]!, steps[axis]!],
      ]),
    );
    if (!isDeviceType(x.dtype) || axes.length > MAX_RANK) return onHost(tf.Tile, call);
    const { info } = call.backend.output(shape, x.dtype);
    copyStrided(call.backend, { from: x, to: info, axes });
    return info;
  },
};

/** The stock kernel refuses indices outside; so do we where they are still on the host, and elsewhere they give zeros. */
function checkIndices(indices: ArrayLike<number>, length: number): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    const message = () => `GatherV2: the index value ${index} is not in [0, ${length - 1}]`;
    tf.util.assert(index >= 0 && index < length, message);
  }
}

const gather: CudaKernel = {
  name: tf.GatherV2,
  run(call: CudaKernelCall) {
    const { x, indices } = call.inputs as Record<'x' | 'indices', TensorInfo>;
    const { axis: given, batchDims } = call.attrs as { axis: number; batchDims: number };
    const wide = x.dtype === 'float32' || x.dtype === 'int32';
    if (!wide || indices.dtype !== 'int32' || batchDims !== 0) return onHost(tf.GatherV2, call);
    const axis = tf.util.parseAxisParam(given, x.shape)[0]!;
    const known = call.backend.valuesOnHost(indices);
    if (known !== undefined) checkIndices(known as Int32Array, x.shape[axis]!);
    const [outer, inner] = [elementCount(x.shape.slice(0, axis)), elementCount(x.shape.slice(axis + 1))];
    const rows = elementCount(indices.shape);
    const size = outer * rows * inner;
    const { backend } = call;
    const [from, at] = [backend.address(x), backend.address(indices)];
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    const { info, address } = backend.output(shape, x.dtype as DeviceDataType);
    backend.launcher.launchEach('gather', size, [from, at, address, size, x.shape[axis]!, rows, inner]);
    return info;
  },
};

const oneHot: CudaKernel = {
  name: tf.OneHot,
  run(call) {
    const indices = call.inputs.indices!;
    const { dtype, depth, onValue, offValue } = call.attrs as Record<'depth' | 'onValue' | 'offValue', number> & {
      dtype: tf.DataType;
    };
    if (indices.dtype !== 'int32' || (dtype !== 'float32' && dtype !== 'int32')) return onHost(tf.OneHot, call);
    const from = call.backend.address(indices);
    const { info, address } = call.backend.output([...indices.shape, depth], dtype);
    const size = elementCount(indices.shape) * depth;
    const kernel = dtype === 'float32' ? 'one_hot' : 'one_hot_ints';
    call.backend.launcher.launchEach(kernel, size, [from, address, size, depth, onValue, offValue]);
    return info;
  },
};

export const copyKernels: readonly CudaKernel[] = [
  transpose,
  slice,
  splitV,
  unpack,
  concat,
  pack,
  pad,
  tile,
  gather,
  oneHot,
];
