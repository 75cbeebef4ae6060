import { type Intervention, KINDS_WITH_VALUES } from '../../core/causal/intervention.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvSettings } from '../../envs/design/design-env-config.js';
import { Episode } from '../../envs/design/episode.js';
import { hasAffineResponse, valueEffects } from '../../envs/linear-scm/affine-response.js';
import type { CausalModelPrior } from '../../envs/prior/causal-model.js';
import type { EpisodeGroup } from '../../models/play-episodes.js';

// Shapes: B = groups * branches rollouts, r rows per experiment, d variables.

/**
 * Rollouts in groups of `branches` that share the system, the initial rows and the noise of every experiment, so that they
 * differ by their decisions alone. Rollout b belongs to group floor(b / branches).
 */
export class Branches implements EpisodeGroup {
  readonly episodes: readonly Episode[];
  readonly size: number;

  /** One stream per group; episodes of a group bear the same name and so draw the same numbers. */
  constructor(
    readonly settings: DesignEnvSettings,
    prior: CausalModelPrior,
    { groups, branches }: { readonly groups: readonly RandomStream[]; readonly branches: number },
  ) {
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
      KINDS_WITH_VALUES.has(this.settings.interventionKind) &&
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

  get budget(): number {
    return this.settings.budget;
  }

  view() {
    const { interventionKind, valueRange } = this.settings;
    return { histories: this.episodes.map(({ history }) => history), interventionKind, valueRange };
  }

  /** Carries out one experiment in every rollout. */
  perform(interventions: readonly Intervention[]): void {
    this.episodes.forEach((episode, b) => {
      episode.carryOut(interventions[b]!);
    });
  }

  /** [B, r, d], what the last experiment measured. */
  lastRows(): Float32Array {
    const perRollout = this.settings.rowsPerExperiment * this.size;
    const rows = new Float32Array(this.count * perRollout);
    this.episodes.forEach(({ history }, b) => {
      rows.set(history.values.subarray(-perRollout), b * perRollout);
    });
    return rows;
  }

  /** [B, d, d], entry (i, j): derivative of y_j in the value of target i; only where `isAffine`. */
  effects(interventions: readonly Intervention[]): Float32Array {
    const { size } = this;
    const effects = new Float32Array(this.count * size * size);
    this.episodes.forEach(({ model }, b) => {
      if (hasAffineResponse(model)) effects.set(valueEffects(model, interventions[b]!), b * size * size);
    });
    return effects;
  }
}
