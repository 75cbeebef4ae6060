import * as tf from '@tensorflow/tfjs';

export interface TanhGaussianSample {
  /** tanh(mean + std * noise), in (-1, 1), the shape of `mean`. */
  readonly action: tf.Tensor;
  /** [B]: log-density of the action, summed over all axes but the first. */
  readonly logProbability: tf.Tensor1D;
}

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * Reparameterised sample of a tanh-squashed Gaussian and its log-density (SAC, arXiv:1801.01290, appendix C):
 * log pi(a) = sum_k [log N(u_k; mean_k, std_k) - log(1 - tanh^2 u_k)], u = mean + std * noise, with
 * log(1 - tanh^2 u) = 2 (log 2 - u - softplus(-2u)), which stays finite where tanh saturates.
 *
 * All arguments have the same shape [B, ...]; differentiable in `mean` and `logStd`.
 */
export function tanhGaussianSample(mean: tf.Tensor, logStd: tf.Tensor, noise: tf.Tensor): TanhGaussianSample {
  const { action, logDensity } = tanhGaussianNumbers(mean, logStd, noise);
  const batch = mean.shape[0] ?? 1;
  return { action, logProbability: tf.sum(tf.reshape(logDensity, [batch, -1]), 1) as tf.Tensor1D };
}

/** The same with one log-density per number, for actions in which only some of the numbers are used. */
export function tanhGaussianNumbers(
  mean: tf.Tensor,
  logStd: tf.Tensor,
  noise: tf.Tensor,
): { readonly action: tf.Tensor; readonly logDensity: tf.Tensor } {
  const unsquashed = tf.add(mean, tf.mul(tf.exp(logStd), noise));
  const logJacobian = tf.mul(2, tf.sub(Math.LN2, tf.add(unsquashed, tf.softplus(tf.mul(-2, unsquashed)))));
  const logNormal = tf.sub(tf.mul(-0.5, tf.square(noise)), tf.add(logStd, HALF_LOG_TWO_PI));
  return { action: tf.tanh(unsquashed), logDensity: tf.sub(logNormal, logJacobian) };
}
