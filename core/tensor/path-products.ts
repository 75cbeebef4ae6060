import * as tf from '@tensorflow/tfjs';
import { checkShape } from '../errors.js';
import { FUSED_KERNELS, hasKernel, runFused } from './kernels.js';

// Shapes: B batch, d variables, C channels; pairs [B, d, d, C].

/** Composition of stock ops, the reference of the fused kernel. */
export function pathProductsReference(first: tf.Tensor4D, second: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const [left, right] = [first, second].map((pairs) => tf.transpose(pairs, [0, 3, 1, 2])) as [tf.Tensor, tf.Tensor];
    return tf.transpose(tf.matMul(left, right), [0, 2, 3, 1]) as tf.Tensor4D;
  });
}

/**
 * What paths of two edges carry: out_ij = sum over k of first_ik * second_kj, channel by channel.
 *
 * @throws CausalPilotError E_SHAPE when the pairs are not [B, d, d, C] of the same sizes.
 */
export function pathProducts(first: tf.Tensor4D, second: tf.Tensor4D): tf.Tensor4D {
  const [batch, size, , channels] = first.shape;
  checkShape('pathProducts', 'first', first.shape, [-1, size, size, -1]);
  checkShape('pathProducts', 'second', second.shape, [batch, size, size, channels]);
  if (!hasKernel(FUSED_KERNELS.pathProducts)) return pathProductsReference(first, second);
  return runFused(FUSED_KERNELS.pathProducts, { first, second }, {})[0] as tf.Tensor4D;
}

tf.registerGradient({
  kernelName: FUSED_KERNELS.pathProducts,
  inputsToSave: ['first', 'second'],
  gradFunc: (dy, saved) => {
    const [first, second] = saved as [tf.Tensor, tf.Tensor];
    const inputs = { dy: dy as tf.Tensor, first, second };
    const [dFirst, dSecond] = runFused(FUSED_KERNELS.pathProductsGradient, inputs, {});
    return { first: () => dFirst!, second: () => dSecond! };
  },
});
