import type { RandomStream } from '../../core/random/stream.js';
import type { HistoryEncoding } from '../networks/history-encoder.js';
import type { ActionDistribution, ActionHead } from './action-head.js';
import type { AllowedTargets } from './distributions/target-distribution.js';

// Shapes: B histories, d variables, C action numbers per variable.

/** How decisions of one forward pass are made. */
export interface DecisionOptions {
  /** [B]; without them the decision is deterministic. */
  readonly streams: readonly RandomStream[] | undefined;
  /** Which variables may be targets. */
  readonly allowed: AllowedTargets | undefined;
}

/** What a policy does with the encoding of histories: its last layers and how they are read. */
export interface PolicyHead extends Pick<ActionHead, 'hasGaussianSwitch' | 'numbersIn' | 'maximumEntropy'> {
  /** Action numbers [B, d, C] in (-1, 1). @throws CausalPilotError E_INPUT if a history allows too few targets. */
  decide(encoding: HistoryEncoding, options: DecisionOptions): Float32Array;
  /**
   * What decisions are drawn from, differentiable in the weights.
   *
   * @throws CausalPilotError E_STATE for a head that learns otherwise.
   */
  distribution(encoding: HistoryEncoding, allowed?: AllowedTargets): ActionDistribution;
  /** Entropies [B] of the choice of targets, nats. */
  targetEntropies(encoding: HistoryEncoding): Float32Array;
}
