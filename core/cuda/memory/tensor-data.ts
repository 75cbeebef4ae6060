import type * as tf from '@tensorflow/tfjs';

/** Values on the host, as tfjs hands them to a backend. */
export type HostValues = tf.backend_util.BackendValues;

/** Types of tensors that can be on the device, with the bytes of one element. */
const DEVICE_TYPES = { float32: 4, int32: 4, bool: 1 } as const;
export type DeviceDataType = keyof typeof DEVICE_TYPES;

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

export function isDeviceType(dtype: tf.DataType): dtype is DeviceDataType {
  return dtype in DEVICE_TYPES;
}

/** Bytes of a tensor on the device. */
export function bytesOf(dtype: DeviceDataType, size: number): number {
  return DEVICE_TYPES[dtype] * size;
}

/** The values in the form that the device holds; a stock kernel may have left another kind of array. */
export function toDeviceArray(dtype: DeviceDataType, values: HostValues): Float32Array | Int32Array | Uint8Array {
  const Wanted = ARRAYS[dtype];
  return values instanceof Wanted ? values : Wanted.from(values as ArrayLike<number>);
}

/** The typed array over bytes that came from the device. */
export function fromDeviceBytes(dtype: DeviceDataType, { buffer }: Uint8Array<ArrayBuffer>): HostValues {
  return new ARRAYS[dtype](buffer);
}
