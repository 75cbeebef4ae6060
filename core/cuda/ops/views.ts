import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { elementCount } from '../../native/ops/strided-axes.js';
import type { CudaBackend } from '../backend/cuda-backend.js';
import { type CudaKernel, onHost } from '../backend/cuda-kernel.js';
import { type DeviceDataType, isDeviceType } from '../memory/tensor-data.js';

/** The same data under another shape. */
export function view(backend: CudaBackend, { dataId, dtype }: TensorInfo, shape: readonly number[]): TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape: [...shape], dtype };
}

const identity: CudaKernel = {
  name: tf.Identity,
  run: ({ inputs, backend }) => view(backend, inputs.x!, inputs.x!.shape),
};

const reshape: CudaKernel = {
  name: tf.Reshape,
  run({ inputs, attrs, backend }) {
    const x = inputs.x!;
    const size = elementCount(x.shape);
    const shape = tf.util.inferFromImplicitShape((attrs as { shape: number[] }).shape, size);
    const fits = `The new shape (${shape}) has ${elementCount(shape)} elements and the old shape (${x.shape}) has ${size} elements. The new shape and old shape must have the same number of elements.`;
    tf.util.assert(elementCount(shape) === size, () => fits);
    return view(backend, x, shape);
  },
};

const expandDims: CudaKernel = {
  name: tf.ExpandDims,
  run({ inputs, attrs, backend }) {
    const x = inputs.input!;
    const { dim } = attrs as { dim: number };
    const rank = x.shape.length;
    tf.util.assert(-(rank + 1) <= dim && dim <= rank, () => `Axis must be in the interval [${-(rank + 1)}, ${rank}]`);
    const shape = [...x.shape];
    shape.splice(dim < 0 ? rank + dim + 1 : dim, 0, 1);
    return view(backend, x, shape);
  },
};

/** Kernels that convert, by the types they convert from and to. */
const CONVERSIONS: Readonly<Record<string, string>> = {
  'float32 int32': 'float_to_int',
  'int32 float32': 'int_to_float',
  'bool float32': 'bool_to_float',
  'bool int32': 'bool_to_int',
  'float32 bool': 'float_to_bool',
};

const cast: CudaKernel = {
  name: tf.Cast,
  run(call) {
    const { inputs, attrs, backend } = call;
    const x = inputs.x!;
    const { dtype } = attrs as { dtype: tf.DataType };
    if (dtype === x.dtype) return view(backend, x, x.shape);
    const kernel = CONVERSIONS[`${x.dtype} ${dtype}`];
    if (kernel === undefined) return onHost(tf.Cast, call);
    const from = backend.address(x);
    const { info, address } = backend.output(x.shape, dtype as DeviceDataType);
    backend.launcher.launchEach(kernel, elementCount(x.shape), [from, address, elementCount(x.shape)]);
    return info;
  },
};

/** A new tensor with the same number everywhere. */
export function filled(
  backend: CudaBackend,
  shape: readonly number[],
  dtype: DeviceDataType,
  value: number,
): TensorInfo {
  const { info, address } = backend.output(shape, dtype);
  const size = elementCount(shape);
  if (size === 0) return info;
  const { driver, stream } = backend.device;
  if (dtype === 'bool') driver.call('cuMemsetD8Async', address, value === 0 ? 0 : 1, size, stream);
  else {
    const number = dtype === 'float32' ? Float32Array.of(value) : Int32Array.of(value);
    driver.call('cuMemsetD32Async', address, new Uint32Array(number.buffer)[0]!, size, stream);
  }
  return info;
}

const fill: CudaKernel = {
  name: tf.Fill,
  run(call) {
    const { shape, value, dtype } = call.attrs as { shape: number[]; value: number | string; dtype?: tf.DataType };
    const type = dtype ?? tf.util.inferDtype(value);
    if (typeof value === 'string' || !isDeviceType(type)) return onHost(tf.Fill, call);
    return filled(call.backend, shape, type, Number(value));
  },
};

function likeKernel(name: string, value: number): CudaKernel {
  return {
    name,
    run(call) {
      const x = call.inputs.x!;
      return isDeviceType(x.dtype) ? filled(call.backend, x.shape, x.dtype, value) : onHost(name, call);
    },
  };
}

export const viewKernels: readonly CudaKernel[] = [
  identity,
  reshape,
  expandDims,
  cast,
  fill,
  likeKernel(tf.ZerosLike, 0),
  likeKernel(tf.OnesLike, 1),
];
