import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { MetricValues } from '../../core/run/metrics.js';
import type { DesignEnvConfig } from '../../envs/design/design-env-config.js';
import { VectorDesignEnv } from '../../envs/design/vector-design-env.js';
import type { DesignStrategy } from '../../models/design-strategy.js';
import { DesignEpisodes, playEpisodes } from '../../models/play-episodes.js';
import { interventionsFromActions, uniformActions } from '../../models/policy/action-numbers.js';
import type { DecisionMode, DesignPolicy } from '../../models/policy/design-policy.js';
import { trainedPolicy } from '../../models/strategies/trained-policy.js';
import { decisionStream } from './decision-stream.js';
import { meanOf } from './mean.js';

/** Metrics of a policy on held-out systems, whatever it was trained with. */
export const HELD_OUT_METRICS = {
  'heldOut/return': 'mean expected correct entries after the last experiment on held-out systems',
  'heldOut/gain': 'mean increase of the expected correct entries over an episode on held-out systems',
  'heldOut/gainOverRandom': 'mean paired difference in return to uniformly random actions on the same systems',
  'heldOut/overconfidence':
    'posterior-expected minus true expected correct entries there, 0 for a calibrated posterior; with the reward that relies on it',
} as const;

type PlayedStrategy = Pick<DesignStrategy, 'name' | 'knowledge' | 'propose'>;

/** What a new policy with the published head does: every action number is uniform in (-1, 1). */
const UNIFORM_ACTIONS: PlayedStrategy = {
  name: 'uniform-actions',
  knowledge: [],
  propose: ({ histories, streams, ...units }) => {
    const size = histories[0]?.size ?? 0;
    return interventionsFromActions(uniformActions(streams, size, units.interventionKind), size, units);
  },
};

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
  #randomReturns: Float64Array | undefined;

  constructor(
    environment: DesignEnvConfig,
    posterior: GraphPosterior,
    options: { readonly systems: number; readonly mode: DecisionMode; readonly stream: RandomStream },
  ) {
    this.#env = VectorDesignEnv.fromConfig({ ...environment, reward: 'expectedCorrectEntries' }, posterior);
    if (environment.reward === 'posteriorExpectedCorrectEntries')
      this.#trustingEnv = VectorDesignEnv.fromConfig(environment, posterior);
    this.#streams = Array.from({ length: options.systems }, (_, k) => options.stream.child(k));
    this.#mode = options.mode;
  }

  run(policy: DesignPolicy): { readonly score: number; readonly metrics: MetricValues<typeof HELD_OUT_METRICS> } {
    const decided = trainedPolicy('policy', policy, this.#mode);
    this.#randomReturns ??= this.#play(this.#env, UNIFORM_ACTIONS).state.potentials;
    const played = this.#play(this.#env, decided);
    const score = meanOf(played.state.potentials);
    const trusted = this.#trustingEnv && meanOf(this.#play(this.#trustingEnv, decided).state.potentials);
    const metrics = {
      'heldOut/return': score,
      'heldOut/gain': score - meanOf(played.start.potentials),
      'heldOut/gainOverRandom': score - meanOf(this.#randomReturns),
      'heldOut/overconfidence': trusted === undefined ? undefined : trusted - score,
    };
    return { score, metrics };
  }

  #play(env: VectorDesignEnv, strategy: PlayedStrategy): DesignEpisodes {
    const episodes = new DesignEpisodes(env, this.#streams);
    playEpisodes(episodes, strategy, { streams: this.#streams, choiceStream: decisionStream });
    return episodes;
  }
}
