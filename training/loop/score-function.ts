import * as tf from '@tensorflow/tfjs';

// Shapes: G groups, K samples in a group.

/** The value of `x` as a constant: no gradient flows through it. */
export function detached<T extends tf.Tensor>(x: T): T {
  return tf.tensor(x.dataSync().slice(), x.shape) as T;
}

/** Each entry of [G, K] minus the mean of the other K - 1 entries of its group. */
export function leaveOneOutAdvantage(values: tf.Tensor2D): tf.Tensor2D {
  const count = values.shape[1];
  // x_k - (sum - x_k) / (K - 1) = K / (K - 1) (x_k - mean)
  return tf.mul(count / (count - 1), tf.sub(values, tf.mean(values, 1, true))) as tf.Tensor2D;
}
