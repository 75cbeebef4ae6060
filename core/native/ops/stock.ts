import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { KernelCall } from '../backend/native-backend.js';

/** The stock CPU kernel of that name, for the cases that a native one leaves to it. */
export function stockKernel(name: string): (call: KernelCall) => TensorInfo | TensorInfo[] {
  const kernel = tf.getKernel(name, 'cpu');
  return (call) =>
    kernel.kernelFunc({
      inputs: call.inputs as tf.NamedTensorInfoMap,
      attrs: call.attrs as tf.NamedAttrMap,
      backend: call.backend,
    });
}
