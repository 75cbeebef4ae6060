import * as tf from '@tensorflow/tfjs';
import { PROBABILITY_FLOOR } from '../../core/causal/graph-metrics.js';
import type { RewardKind } from '../../envs/design/reward.js';
import { offDiagonalMask } from '../posterior/loss.js';

// Shapes: B histories, d variables.

type Potential = (probabilities: tf.Tensor, graphs: tf.Tensor3D) => tf.Tensor;

/** Summed over off-diagonal entries; `right` is the probability of the true entry. */
const right = (p: tf.Tensor, graphs: tf.Tensor3D) =>
  tf.add(tf.mul(graphs, p), tf.mul(tf.sub(1, graphs), tf.sub(1, p))) as tf.Tensor3D;

/** Terms per ordered pair of the potentials that are sums over pairs and differentiable in the probabilities. */
const PAIR_TERMS: Partial<Record<RewardKind, Potential>> = {
  expectedCorrectEntries: right,
  posteriorExpectedCorrectEntries: (p) => tf.add(tf.square(p), tf.square(tf.sub(1, p))),
  logPosterior: (p, graphs) => tf.log(tf.clipByValue(right(p, graphs), PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)),
  // Every unordered pair is met twice, hence the half.
  negativeExpectedShd: (p, graphs) => {
    const correct = right(p, graphs);
    return tf.mul(0.5, tf.sub(tf.mul(correct, tf.transpose(correct, [0, 2, 1])), 1));
  },
};

export function isDifferentiable(kind: RewardKind): boolean {
  return PAIR_TERMS[kind] !== undefined;
}

/**
 * Phi [B] of edge logits [B, d, d] and true graphs [B, d, d], equal to `potential` of the edge probabilities and
 * differentiable in the logits; only for kinds for which `isDifferentiable` holds.
 */
export function differentiablePotential(kind: RewardKind, logits: tf.Tensor3D, graphs: tf.Tensor3D): tf.Tensor1D {
  const size = logits.shape[1];
  const terms = PAIR_TERMS[kind]!(tf.sigmoid(logits), graphs);
  const sum = tf.sum(tf.mul(terms, offDiagonalMask(size)), [1, 2]);
  const countsDiagonal = kind === 'expectedCorrectEntries' || kind === 'posteriorExpectedCorrectEntries';
  return (countsDiagonal ? tf.add(sum, size) : sum) as tf.Tensor1D;
}
