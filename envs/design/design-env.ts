import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import type { History } from '../../core/causal/history.js';
import type { Intervention } from '../../core/causal/intervention.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { CausalModel } from '../prior/causal-model.js';
import type { DesignEnvConfig, DesignEnvSettings } from './design-env-config.js';
import { createCausalModelPrior } from './prior-registry.js';
import { type DesignEnvOptions, VectorDesignEnv, type VectorDesignState } from './vector-design-env.js';

/** One episode and how much is known about its system. */
export interface DesignState {
  readonly history: History;
  /** [d, d] edge probabilities given the history. */
  readonly edgeProbabilities: Float32Array;
  /** Phi of the history. */
  readonly potential: number;
  readonly terminated: boolean;
  /** True once the budget is spent. */
  readonly truncated: boolean;
}

export interface DesignStep extends DesignState {
  /** Increase of Phi through this experiment. */
  readonly reward: number;
}

/** What every design environment offers, ours or a user's own; `checkEnvironment` is the executable form. */
export interface DesignEnvironment {
  /** Number of variables d. */
  readonly size: number;
  readonly settings: DesignEnvSettings;
  reset(stream: RandomStream): DesignState;
  step(intervention: Intervention): DesignStep;
}

/**
 * The design problem as a HiP-MDP: `reset` draws a hidden system and n0 observational rows, every `step` is one
 * experiment, and its reward is what it adds to the potential Phi of the history.
 */
export class DesignEnv implements DesignEnvironment {
  readonly #vector: VectorDesignEnv;

  constructor(options: DesignEnvOptions) {
    this.#vector = new VectorDesignEnv(options);
  }

  static fromConfig({ prior, ...settings }: DesignEnvConfig, posterior: GraphPosterior): DesignEnv {
    return new DesignEnv({ prior: createCausalModelPrior(prior), posterior, ...settings });
  }

  get size(): number {
    return this.#vector.size;
  }

  get settings(): DesignEnvSettings {
    return this.#vector.settings;
  }

  /** The hidden system of the running episode, undefined before the first `reset`. */
  get model(): CausalModel | undefined {
    return this.#vector.models[0];
  }

  reset(stream: RandomStream): DesignState {
    return single(this.#vector.reset([stream]));
  }

  /** @throws CausalPilotError E_STATE before `reset` or after the end; E_INPUT for an intervention that cannot be done. */
  step(intervention: Intervention): DesignStep {
    const step = this.#vector.step([intervention]);
    return { ...single(step), reward: step.rewards[0]! };
  }
}

function single({ histories, edgeProbabilities, potentials, terminated, truncated }: VectorDesignState): DesignState {
  return { history: histories[0]!, edgeProbabilities, potential: potentials[0]!, terminated, truncated };
}
