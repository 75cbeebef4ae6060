import * as tf from '@tensorflow/tfjs';

// Shapes: B histories, n rows, d variables.

/** Variances below this are rounding noise of a constant variable: float32 values of order 1. */
const SMALLEST_VARIANCE = 1e-12;

/**
 * `standardizeValues` of unpadded histories as a differentiable function: each variable of channels [B, n, d, 2] minus its
 * mean over the rows, divided by its standard deviation; 0 for a variable without spread. Flags stay.
 */
export function standardizedChannels(channels: tf.Tensor4D): tf.Tensor4D {
  const [batch, rows, size] = channels.shape;
  const values = tf.slice(channels, [0, 0, 0, 0], [batch, rows, size, 1]);
  const flags = tf.slice(channels, [0, 0, 0, 1], [batch, rows, size, 1]);
  const centred = tf.sub(values, tf.mean(values, 1, true));
  const variance = tf.mean(tf.square(centred), 1, true);
  // Read as numbers: a comparison has no gradient, and tfjs refuses to pass one.
  const spread = tf.tensor(
    variance.dataSync<'float32'>().map((v) => (v > SMALLEST_VARIANCE ? 1 : 0)),
    variance.shape,
  );
  const inverse = tf.rsqrt(tf.add(tf.mul(variance, spread), tf.sub(1, spread)));
  return tf.concat([tf.mul(tf.mul(centred, inverse), spread), flags], 3) as tf.Tensor4D;
}
