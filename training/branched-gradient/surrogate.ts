import * as tf from '@tensorflow/tfjs';
import { leaveOneOutAdvantage } from '../loop/score-function.js';

// Shapes: B = G groups * K branches, T decisions.

export interface SurrogateInputs {
  /** [B]: Phi(h_T), differentiable in the values where they are pathwise. */
  readonly finalPotential: tf.Tensor1D;
  /** T times [B]: log-probability of what is credited by score function. */
  readonly logProbabilities: readonly tf.Tensor1D[];
  /** T times [B]: what decision t is credited with, plain numbers. */
  readonly credits: readonly Float32Array[];
  /** T times [B]: entropy of the choice of targets. */
  readonly entropies: readonly tf.Tensor1D[];
  readonly branches: number;
  readonly entropyWeight: number;
}

/**
 * The loss whose gradient is minus the estimate of the gradient of E[Phi(h_T)] (Schulman et al., arXiv:1506.05254):
 *
 *   - mean_b [ Phi_b + sum_t A_bt log pi(a_bt | h_bt) + w sum_t H_bt ],
 *
 * with A_bt the credit of decision t minus the mean credit of the other branches of the group. The branches share
 * everything but their decisions, so the baseline is independent of decision b and the estimate is unbiased; it takes away
 * what system and noise contribute.
 */
export function surrogateLoss(inputs: SurrogateInputs): tf.Scalar {
  const { finalPotential, logProbabilities, credits, entropies, branches, entropyWeight } = inputs;
  const batch = finalPotential.shape[0];
  const perRollout = logProbabilities.reduce<tf.Tensor>((sum, logProbability, t) => {
    const credit = tf.tensor2d(credits[t]!, [batch / branches, branches]);
    const advantage = tf.reshape(leaveOneOutAdvantage(credit), [batch]);
    const bonus = tf.mul(entropyWeight, entropies[t]!);
    return tf.add(sum, tf.add(tf.mul(advantage, logProbability), bonus));
  }, finalPotential);
  return tf.neg(tf.mean(perRollout)) as tf.Scalar;
}

/**
 * - mean_b [ Phi_b + sum_t log pi(targets_bt | h_bt) ] for targets that a teacher chose: the policy imitates its choices, while
 * the values keep learning from the potential where they are pathwise.
 */
export function imitationLoss(finalPotential: tf.Tensor1D, targetLogProbabilities: readonly tf.Tensor1D[]): tf.Scalar {
  const perRollout = targetLogProbabilities.reduce<tf.Tensor>((sum, next) => tf.add(sum, next), finalPotential);
  return tf.neg(tf.mean(perRollout)) as tf.Scalar;
}

/**
 * What each decision is credited with, from Phi(h_0) .. Phi(h_T), each [B]: the final potential for every decision, or
 * (telescoped) the increase from that decision on, which leaves out what was known before it.
 */
export function decisionCredits(
  potentials: readonly Float32Array[],
  objective: 'final' | 'telescoped',
  budget: number,
): Float32Array[] {
  const final = potentials[potentials.length - 1]!;
  return Array.from({ length: budget }, (_, t) =>
    objective === 'final' ? final : final.map((value, b) => value - potentials[t]![b]!),
  );
}
