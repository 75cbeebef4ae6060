import * as tf from '@tensorflow/tfjs';

// All tensors have shape [B] unless said otherwise; a temperature may be a tensor, so that a recorded step can change it.

export interface SoftTargetBatch {
  readonly reward: tf.Tensor1D;
  /** 1 where the budget ended with this transition, else 0. */
  readonly done: tf.Tensor1D;
  /** Minimum over the sampled target critics of Q(h', a'). */
  readonly nextValue: tf.Tensor1D;
  readonly nextLogProbability: tf.Tensor1D;
}

/** y = r + gamma (1 - done) (min Q(h', a') - alpha log pi(a' | h')); REDQ (arXiv:2101.05982), algorithm 1. */
export function softTarget(batch: SoftTargetBatch, discount: number, temperature: number | tf.Scalar): tf.Tensor1D {
  const soft = tf.sub(batch.nextValue, tf.mul(temperature, batch.nextLogProbability));
  return tf.add(batch.reward, tf.mul(tf.mul(discount, tf.sub(1, batch.done)), soft)) as tf.Tensor1D;
}

/** Batch mean of (Q - y)^2 / 2. */
export function criticLoss(value: tf.Tensor1D, target: tf.Tensor1D): tf.Scalar {
  return tf.mul(0.5, tf.mean(tf.square(tf.sub(value, target)))) as tf.Scalar;
}

/** Batch mean of alpha log pi - Q, with Q the ensemble's mean (REDQ) or minimum. */
export function actorLoss(logProbability: tf.Tensor1D, value: tf.Tensor1D, temperature: number | tf.Scalar): tf.Scalar {
  return tf.mean(tf.sub(tf.mul(temperature, logProbability), value)) as tf.Scalar;
}

/** Mean or minimum over an ensemble of Q, entry by entry. */
export function combineEnsemble<Values extends tf.Tensor>(values: readonly Values[], how: 'mean' | 'minimum'): Values {
  const stacked = tf.stack([...values], 0);
  return (how === 'mean' ? tf.mean(stacked, 0) : tf.min(stacked, 0)) as Values;
}

/**
 * Gradient of the temperature's loss -log alpha * (mean log pi + target entropy) in log alpha (SAC,
 * arXiv:1812.05905, section 5, in the log form that implementations use).
 */
export function logTemperatureGradient(meanLogProbability: number, targetEntropy: number): number {
  return -(meanLogProbability + targetEntropy);
}
