import { type Intervention, type InterventionKind, KINDS_WITH_VALUES } from '../../core/causal/intervention.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvSettings } from '../../envs/design/design-env-config.js';
import { Episode } from '../../envs/design/episode.js';
import { hasAffineResponse, valueEffects } from '../../envs/linear-scm/affine-response.js';
import type { CausalModelPrior } from '../../envs/prior/causal-model.js';

// Shapes: B = groups * branches rollouts, r rows per experiment, d variables.

/** What one experiment in every rollout measured. */
export interface Measurement {
  /** [B, r, d]. */
  readonly rows: Float32Array;
  /** [B, d, d], entry (i, j): derivative of y_j in the value of target i; only when asked for. */
  readonly effects: Float32Array | undefined;
}

/**
 * Rollouts in groups of `branches` that share the system, the initial rows and the noise of every experiment, so that they
 * differ by their decisions alone. Rollout b belongs to group floor(b / branches).
 */
export class Branches {
  readonly episodes: readonly Episode[];
  readonly size: number;
  readonly #kind: InterventionKind;

  /** One stream per group; episodes of a group bear the same name and so draw the same numbers. */
  constructor(
    readonly settings: DesignEnvSettings,
    prior: CausalModelPrior,
    { groups, branches }: { readonly groups: readonly RandomStream[]; readonly branches: number },
  ) {
    this.#kind = settings.interventionKind;
    this.size = prior.size;
    this.episodes = groups.flatMap((stream) =>
      Array.from({ length: branches }, () => new Episode(prior, settings, stream)),
    );
  }

  get count(): number {
    return this.episodes.length;
  }

  /** Whether measured rows are affine in the values, so that gradients can pass through the experiment. */
  get isAffine(): boolean {
    return (
      KINDS_WITH_VALUES.has(this.#kind) &&
      this.settings.targetFlipProbability === 0 &&
      this.episodes.every(({ model }) => hasAffineResponse(model))
    );
  }

  /** True adjacencies [B, d, d]. */
  graphs(): Float32Array {
    const entries = this.size * this.size;
    const graphs = new Float32Array(this.count * entries);
    this.episodes.forEach(({ model }, b) => {
      graphs.set(model.graph.adjacency, b * entries);
    });
    return graphs;
  }

  /** Carries out one experiment in every rollout: target flags [B, d] and values [B, d] in units of the measured variable. */
  measure(targets: Uint8Array, values: Float32Array | undefined, withEffects: boolean): Measurement {
    const { size, count } = this;
    const rowsPerExperiment = this.settings.rowsPerExperiment;
    const rows = new Float32Array(count * rowsPerExperiment * size);
    const effects = withEffects ? new Float32Array(count * size * size) : undefined;
    this.episodes.forEach((episode, b) => {
      const range: [number, number] = [b * size, (b + 1) * size];
      const intervention: Intervention = {
        kind: this.#kind,
        targets: targets.subarray(...range),
        ...(values === undefined ? {} : { values: values.subarray(...range) }),
      };
      episode.carryOut(intervention);
      const measured = episode.history.values.subarray(-rowsPerExperiment * size);
      rows.set(measured, b * rowsPerExperiment * size);
      if (effects !== undefined && hasAffineResponse(episode.model))
        effects.set(valueEffects(episode.model, intervention), b * size * size);
    });
    return { rows, effects };
  }
}
