import type { CausalGraph } from '../../core/causal/graph.js';
import {
  expectedCorrectEntries,
  expectedStructuralHammingDistance,
  logPosterior,
  posteriorExpectedCorrectEntries,
} from '../../core/causal/graph-metrics.js';
import { averagePrecision } from '../../core/causal/ranking-metrics.js';

/** The potentials Phi(history) that an experiment can be rewarded with; the reward is Phi's increase. */
export const REWARD_KINDS = [
  'expectedCorrectEntries',
  'posteriorExpectedCorrectEntries',
  'logPosterior',
  'negativeExpectedShd',
  'auprc',
] as const;
export type RewardKind = (typeof REWARD_KINDS)[number];

/**
 * Phi of one history, whose edge probabilities [d * d] a graph posterior gave.
 *
 * - `expectedCorrectEntries`: expected number of correct adjacency entries, of d * d (the paper's return).
 * - `posteriorExpectedCorrectEntries`: its expectation over graphs drawn from the posterior. The true graph is not used,
 *   so the luck of a particular graph drops out; with a calibrated posterior the expectation is the same.
 * - `logPosterior`: log q(A) in nats.
 * - `negativeExpectedShd`: minus the expected structural Hamming distance.
 * - `auprc`: average precision; 0 for a graph without edges, where it is not defined.
 */
export function potential(kind: RewardKind, edgeProbabilities: ArrayLike<number>, graph: CausalGraph): number {
  switch (kind) {
    case 'expectedCorrectEntries':
      return expectedCorrectEntries(edgeProbabilities, graph);
    case 'posteriorExpectedCorrectEntries':
      return posteriorExpectedCorrectEntries(edgeProbabilities, graph.size);
    case 'logPosterior':
      return logPosterior(edgeProbabilities, graph);
    case 'negativeExpectedShd':
      return -expectedStructuralHammingDistance(edgeProbabilities, graph);
    case 'auprc':
      return averagePrecision(edgeProbabilities, graph) ?? 0;
  }
}
