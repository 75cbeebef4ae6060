import * as tf from '@tensorflow/tfjs';
import type { CandidateActions } from '../../models/policy/candidate-actions.js';
import { detached, leaveOneOutAdvantage } from '../loop/score-function.js';

// Shapes: B histories, M candidate actions for each.

/** Weighted mean over the candidates: [B]. */
export function candidateMean({ weights }: CandidateActions, perCandidate: tf.Tensor2D): tf.Tensor1D {
  return tf.sum(tf.mul(weights, perCandidate), 1) as tf.Tensor1D;
}

/**
 * Batch mean of E[alpha log pi - Q] over the choice of targets, with Q [B, M] of the candidates. Where all target sets are
 * listed the expectation and its gradient are exact (discrete SAC, arXiv:1910.07207). Where sets were drawn, the value
 * carries the gradient of the values and a score function with leave-one-out baselines that of the choice: unbiased, and
 * the critics' heads are cheap to evaluate on all draws, because the action enters after the encoder.
 */
export function choiceActorLoss(
  candidates: CandidateActions,
  value: tf.Tensor2D,
  temperature: number | tf.Scalar,
): tf.Scalar {
  const { logProbability, drawnLogProbability } = candidates;
  const soft = tf.sub(tf.mul(temperature, logProbability), value) as tf.Tensor2D;
  if (drawnLogProbability === undefined) return tf.mean(candidateMean(candidates, soft)) as tf.Scalar;
  const advantage = leaveOneOutAdvantage(detached(soft));
  const choice = tf.sub(drawnLogProbability, detached(drawnLogProbability));
  // alpha log pi of the drawn sets counts in the value only: its direct gradient has expectation 0.
  const direct = tf.sub(soft, tf.mul(temperature, choice));
  return tf.mean(tf.add(direct, tf.mul(advantage, choice))) as tf.Scalar;
}
