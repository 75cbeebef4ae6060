import * as tf from '@tensorflow/tfjs';

// Shapes: B histories, n rows, d variables.

/** Variances below this share of the mean square are rounding noise of a constant variable in float32. */
const SMALLEST_SHARE = 1e-12;

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

/** Values [B, n, d] of channels [B, n, d, 2]. */
export function valuesOf(channels: tf.Tensor4D): tf.Tensor3D {
  return tf.sum(tf.mul(channels, VALUE_CHANNEL), 3) as tf.Tensor3D;
}

/** Target flags [B, n, d] of channels [B, n, d, 2]. */
export function flagsOf(channels: tf.Tensor4D): tf.Tensor3D {
  return tf.sum(tf.mul(channels, FLAG_CHANNEL), 3) as tf.Tensor3D;
}

/**
 * `standardizeValues` as a differentiable function: each variable of channels [B, n, d, 2] minus its mean over the measured
 * rows (those with 1 in rowMask [B, n]), divided by its standard deviation; 0 for a variable without spread and in padded
 * rows. Flags stay. Products with constants stand in for slices, whose gradients are slow padding.
 */
export function standardizedChannels(channels: tf.Tensor4D, rowMask?: tf.Tensor2D): tf.Tensor4D {
  const values = valuesOf(channels);
  const { mean, masked } = rowStatistics(values, rowMask);
  const centred = masked(tf.sub(values, mean(values)));
  const variance = mean(tf.square(centred));
  const rounding = tf.mul(SMALLEST_SHARE, mean(tf.square(values)));
  // A step, whose gradient is 0: a comparison has none, and tfjs refuses to pass one.
  const spread = tf.step(tf.sub(variance, rounding));
  const inverse = tf.rsqrt(tf.add(tf.mul(variance, spread), tf.sub(1, spread)));
  const standardized = tf.mul(tf.mul(centred, inverse), spread);
  return tf.add(asValueChannel(standardized), tf.mul(channels, FLAG_CHANNEL)) as tf.Tensor4D;
}

/** Mean over the measured rows, kept as an axis, and what sets padded rows to 0. */
function rowStatistics(
  { shape: [batch, rows] }: tf.Tensor3D,
  rowMask: tf.Tensor2D | undefined,
): { mean: (x: tf.Tensor) => tf.Tensor; masked: (x: tf.Tensor) => tf.Tensor } {
  if (rowMask === undefined) return { mean: (x) => tf.mean(x, 1, true), masked: (x) => x };
  const mask = tf.reshape(rowMask, [batch, rows, 1]);
  const count = tf.maximum(tf.sum(mask, 1, true), 1);
  const masked = (x: tf.Tensor) => tf.mul(x, mask);
  return { mean: (x) => tf.div(tf.sum(masked(x), 1, true), count), masked };
}
