import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import type { History } from '../../core/causal/history.js';
import type { Intervention } from '../../core/causal/intervention.js';
import { CausalPilotError, checkShape } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { CausalModel, CausalModelPrior } from '../prior/causal-model.js';
import { type DesignEnvConfig, DesignEnvSettings } from './design-env-config.js';
import { Episode } from './episode.js';
import { createCausalModelPrior } from './prior-registry.js';
import { potential } from './reward.js';

/** Settings left out take the defaults of `DesignEnvSettings`. */
export interface DesignEnvOptions extends Partial<DesignEnvSettings> {
  readonly prior: CausalModelPrior;
  readonly posterior: GraphPosterior;
}

/** The K episodes and how much is known about each. */
export interface VectorDesignState {
  readonly histories: readonly History[];
  /** [K, d, d] edge probabilities given the histories. */
  readonly edgeProbabilities: Float32Array;
  /** [K] Phi of the histories. */
  readonly potentials: Float64Array;
  /** Always false: the system has no state that ends an episode. */
  readonly terminated: false;
  /** True once the budget is spent; all K episodes have the same budget. */
  readonly truncated: boolean;
}

export interface VectorDesignStep extends VectorDesignState {
  /** [K] increase of Phi through this experiment. */
  readonly rewards: Float64Array;
}

/** @throws CausalPilotError E_CONFIG naming each setting that cannot be used. */
function completedSettings(settings: Partial<DesignEnvSettings>): DesignEnvSettings {
  const result = DesignEnvSettings.safeParse(settings);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'settings'}: ${message}`);
  throw new CausalPilotError('E_CONFIG', `design environment: ${problems.join('; ')}`);
}

/**
 * K design episodes (HiP-MDPs: a hidden system each, drawn from the prior) stepped together and scored by one batched
 * posterior call. Episode k depends on its stream's name and its interventions only, not on K or on the other episodes.
 */
export class VectorDesignEnv {
  readonly settings: DesignEnvSettings;
  readonly #prior: CausalModelPrior;
  readonly #posterior: GraphPosterior;
  #episodes: readonly Episode[] = [];
  #state: VectorDesignState | undefined;

  constructor({ prior, posterior, ...settings }: DesignEnvOptions) {
    this.settings = completedSettings(settings);
    this.#prior = prior;
    this.#posterior = posterior;
  }

  static fromConfig({ prior, ...settings }: DesignEnvConfig, posterior: GraphPosterior): VectorDesignEnv {
    return new VectorDesignEnv({ prior: createCausalModelPrior(prior), posterior, ...settings });
  }

  /** Number of variables d. */
  get size(): number {
    return this.#prior.size;
  }

  /** The hidden systems of the running episodes; strategies must not look unless the task allows it. */
  get models(): readonly CausalModel[] {
    return this.#episodes.map((episode) => episode.model);
  }

  /** Starts one episode per stream. */
  reset(streams: readonly RandomStream[]): VectorDesignState {
    if (streams.length === 0)
      throw new CausalPilotError('E_INPUT', 'VectorDesignEnv.reset: pass at least one stream, one per episode');
    this.#episodes = streams.map((stream) => new Episode(this.#prior, this.settings, stream));
    this.#state = this.#score();
    return this.#state;
  }

  /**
   * Carries out one experiment in every episode; nothing is carried out if any of them is refused.
   *
   * @throws CausalPilotError E_STATE before `reset` or after the end; E_INPUT for an intervention that cannot be done.
   */
  step(interventions: readonly Intervention[]): VectorDesignStep {
    const before = this.#state;
    if (before === undefined)
      throw new CausalPilotError('E_STATE', 'VectorDesignEnv.step: no episode is running; call reset(streams) first');
    if (before.truncated)
      throw new CausalPilotError(
        'E_STATE',
        `VectorDesignEnv.step: the budget of ${this.settings.budget} experiments is spent; call reset(streams) for new episodes`,
      );
    checkShape('VectorDesignEnv.step', 'interventions', [interventions.length], [this.#episodes.length]);
    this.#episodes.forEach((episode, k) => {
      episode.check(interventions[k]!);
    });
    this.#episodes.forEach((episode, k) => {
      episode.carryOut(interventions[k]!);
    });
    const after = this.#score();
    this.#state = after;
    return { ...after, rewards: after.potentials.map((value, k) => value - before.potentials[k]!) };
  }

  #score(): VectorDesignState {
    const episodes = this.#episodes;
    const histories = episodes.map((episode) => episode.history);
    const entries = this.size * this.size;
    const edgeProbabilities = this.#posterior.edgeProbabilities(histories);
    checkShape('GraphPosterior', 'edgeProbabilities', [edgeProbabilities.length], [episodes.length * entries]);
    const potentials = Float64Array.from(episodes, ({ model }, k) =>
      potential(this.settings.reward, edgeProbabilities.subarray(k * entries, (k + 1) * entries), model.graph),
    );
    const broken = potentials.findIndex((value) => !Number.isFinite(value));
    if (broken !== -1)
      throw new CausalPilotError(
        'E_NUMERIC',
        `VectorDesignEnv: the potential '${this.settings.reward}' of episode ${broken} ('${episodes[broken]!.stream.name}') is ${potentials[broken]} after ${episodes[broken]!.experiments} experiments; the posterior gave edge probabilities that are not numbers`,
      );
    return { histories, edgeProbabilities, potentials, terminated: false, truncated: episodes[0]!.finished };
  }
}
