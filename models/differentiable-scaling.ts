import * as tf from '@tensorflow/tfjs';

// Shapes: B histories, n rows, d variables.

/** Variances below this are rounding noise of a constant variable: float32 values of order 1. */
const SMALLEST_VARIANCE = 1e-12;

/** Picks the value out of (value, flag). */
const VALUE_CHANNEL = [1, 0];
const FLAG_CHANNEL = [0, 1];

/** Values [..., d] as channels [..., d, 2] with flags of 0. */
export function asValueChannel(values: tf.Tensor): tf.Tensor {
  return tf.mul(tf.expandDims(values, -1), VALUE_CHANNEL);
}

/** Flags [..., d] as channels [..., d, 2] with values of 0. */
export function asFlagChannel(flags: tf.Tensor): tf.Tensor {
  return tf.mul(tf.expandDims(flags, -1), FLAG_CHANNEL);
}

/**
 * `standardizeValues` of unpadded histories as a differentiable function: each variable of channels [B, n, d, 2] minus its
 * mean over the rows, divided by its standard deviation; 0 for a variable without spread. Flags stay. Products with
 * constants stand in for slices, whose gradients are slow padding.
 */
export function standardizedChannels(channels: tf.Tensor4D): tf.Tensor4D {
  const values = tf.sum(tf.mul(channels, VALUE_CHANNEL), 3);
  const centred = tf.sub(values, tf.mean(values, 1, true));
  const variance = tf.mean(tf.square(centred), 1, true);
  // Read as numbers: a comparison has no gradient, and tfjs refuses to pass one.
  const spread = tf.tensor(
    variance.dataSync<'float32'>().map((v) => (v > SMALLEST_VARIANCE ? 1 : 0)),
    variance.shape,
  );
  const inverse = tf.rsqrt(tf.add(tf.mul(variance, spread), tf.sub(1, spread)));
  const standardized = tf.mul(tf.mul(centred, inverse), spread);
  return tf.add(asValueChannel(standardized), tf.mul(channels, FLAG_CHANNEL)) as tf.Tensor4D;
}
