import type { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvConfig } from '../../envs/design/design-env-config.js';
import { VectorDesignEnv } from '../../envs/design/vector-design-env.js';
import { actionChannels, type DecisionMode, type DesignPolicy } from '../../models/policy/design-policy.js';
import type { AmortizedGraphPosterior } from '../../models/posterior/amortized-graph-posterior.js';
import { collectEpisodes } from '../redq/collector.js';
import { meanOf } from './mean.js';

/** Metrics of a policy on held-out systems, whatever it was trained with. */
export const HELD_OUT_METRICS = {
  'heldOut/return': 'mean expected correct entries after the last experiment on held-out systems',
  'heldOut/gain': 'mean increase of the expected correct entries over an episode on held-out systems',
  'heldOut/gainOverRandom': 'mean paired difference in return to uniformly random actions on the same systems',
  'heldOut/overconfidence':
    'posterior-expected minus true expected correct entries there, 0 for a calibrated posterior; with the reward that relies on it',
} as const;

/**
 * Plays the same held-out systems at every validation. Whatever a policy is rewarded with, it is judged by the paper's
 * return on the true graph.
 */
export class PolicyValidation {
  readonly #env: VectorDesignEnv;
  /** Only where the reward trusts the posterior: the same episodes scored by it. */
  readonly #trustingEnv: VectorDesignEnv | undefined;
  readonly #streams: readonly RandomStream[];
  readonly #mode: DecisionMode;
  readonly #channels: number;
  #randomReturns: Float64Array | undefined;

  constructor(
    environment: DesignEnvConfig,
    posterior: AmortizedGraphPosterior,
    options: { readonly systems: number; readonly mode: DecisionMode; readonly stream: RandomStream },
  ) {
    this.#env = VectorDesignEnv.fromConfig({ ...environment, reward: 'expectedCorrectEntries' }, posterior);
    if (environment.reward === 'posteriorExpectedCorrectEntries')
      this.#trustingEnv = VectorDesignEnv.fromConfig(environment, posterior);
    this.#streams = Array.from({ length: options.systems }, (_, k) => options.stream.child(k));
    this.#mode = options.mode;
    this.#channels = actionChannels(environment.interventionKind);
  }

  run(policy: DesignPolicy) {
    const options = { streams: this.#streams, channels: this.#channels };
    this.#randomReturns ??= collectEpisodes(this.#env, options).finalPotentials;
    const decided = { ...options, policy, mode: this.#mode };
    const played = collectEpisodes(this.#env, decided);
    const score = meanOf(played.finalPotentials);
    const trusted = this.#trustingEnv && meanOf(collectEpisodes(this.#trustingEnv, decided).finalPotentials);
    const metrics = {
      'heldOut/return': score,
      'heldOut/gain': score - meanOf(played.startPotentials),
      'heldOut/gainOverRandom': score - meanOf(this.#randomReturns),
      ...(trusted === undefined ? {} : { 'heldOut/overconfidence': trusted - score }),
    };
    return { score, metrics };
  }
}
