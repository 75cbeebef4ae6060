import type { CausalGraph } from '../../../core/causal/graph.js';
import {
  auroc,
  averagePrecision,
  edgeF1,
  expectedCorrectEntries,
  expectedStructuralHammingDistance,
  logPosterior,
} from '../../../core/causal/graph-metrics.js';
import type { GraphPosterior } from '../../../core/causal/graph-posterior.js';
import type { Intervention } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import type { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { VectorDesignEnv } from '../../../envs/design/vector-design-env.js';
import type { DesignStrategy } from '../../../models/design-strategy.js';
import { DesignEpisodes, playEpisodes } from '../../../models/play-episodes.js';
import type { EvaluationTask, TaskBatch } from '../harness/task.js';

// Shapes: K systems of a batch, T experiments, d variables.

type StructureMetric = (edgeProbabilities: Float32Array, graph: CausalGraph) => number | null;

/** How well the graph is known; null where a figure is not defined for a graph. */
const METRICS: Readonly<Record<string, StructureMetric>> = {
  return: expectedCorrectEntries,
  expectedShd: expectedStructuralHammingDistance,
  auprc: averagePrecision,
  edgeF1,
  auroc,
  logPosterior,
};
const MEASURES = Object.values(METRICS);

export const STRUCTURE_METRICS: readonly string[] = Object.keys(METRICS);

/** Figures that are also taken by the readers that show the limit. */
const LIMIT_METRICS = ['return', 'auroc', 'logPosterior'] as const;
const LIMIT_MEASURES: readonly StructureMetric[] = [expectedCorrectEntries, auroc, logPosterior];

/** A posterior that judges the same rows beside the one that the task is played with, such as an exact one. */
export interface LimitReader {
  /** What its figures are called: `return/<name>`. */
  readonly name: string;
  readonly posterior: GraphPosterior;
}

/** A batch of systems as they stand after a round, for those who watch how a strategy plays. */
export interface StructureMoment {
  /** Name of the strategy. */
  readonly strategy: string;
  /** Number of the batch's first system. */
  readonly first: number;
  /** Experiments done. */
  readonly round: number;
  /** [K], the true graphs. */
  readonly graphs: readonly CausalGraph[];
  /** [K, d, d] edge probabilities given everything measured so far. */
  readonly edgeProbabilities: Float32Array;
  /** [K], the experiments of this round; empty before the first. */
  readonly interventions: readonly Intervention[];
}

export interface StructureTaskOptions {
  /** Name of the setting in results. */
  readonly environment: string;
  readonly config: DesignEnvConfig;
  readonly posterior: GraphPosterior;
  /** Evaluation seed: with the system's number it names everything that a system draws. */
  readonly seed: number;
  /** Show what the rows of every strategy are worth at best, whatever `posterior` makes of them. @defaultValue none */
  readonly limits?: readonly LimitReader[];
  /** Told of every round of every batch; it changes nothing. */
  readonly watch?: (moment: StructureMoment) => void;
}

/**
 * Learn the causal graph within T experiments. `return` is Phi, the expected number of correct adjacency entries of
 * d * d under the posterior, which is what the CAASL paper (arXiv:2405.16718) calls the return.
 */
export class StructureTask implements EvaluationTask {
  readonly kind = 'structure';
  readonly environment: string;
  readonly metrics: readonly string[];
  readonly rounds: number;
  readonly #env: VectorDesignEnv;
  readonly #seed: number;
  readonly #limits: readonly LimitReader[];
  readonly #watch: (moment: StructureMoment) => void;

  constructor({ environment, config, posterior, seed, limits = [], watch = () => {} }: StructureTaskOptions) {
    this.environment = environment;
    this.rounds = config.budget;
    this.#env = VectorDesignEnv.fromConfig(config, posterior);
    this.#seed = seed;
    this.#limits = limits;
    this.metrics = [...STRUCTURE_METRICS, ...limits.flatMap(({ name }) => LIMIT_METRICS.map((m) => `${m}/${name}`))];
    this.#watch = watch;
  }

  prepare(first: number, count: number): TaskBatch {
    const streams = Array.from(
      { length: count },
      (_, k) => new RandomStream(`evaluation/${this.#seed}/system/${first + k}`),
    );
    return { run: (strategy) => this.#run(strategy, { first, streams }) };
  }

  /**
   * The environment draws the system, its initial rows and the noise of experiment t from streams below the given ones
   * whatever the strategy does; the strategy's own choices come from streams that carry its name.
   */
  #run(
    strategy: DesignStrategy,
    { first, streams }: { readonly first: number; readonly streams: readonly RandomStream[] },
  ): Float64Array {
    const episodes = new DesignEpisodes(this.#env, streams);
    const figures = new Float64Array(streams.length * (this.rounds + 1) * this.metrics.length);
    const graphs = this.#env.models.map(({ graph }) => graph);
    playEpisodes(episodes, strategy, {
      streams,
      watch: (round, interventions) => {
        const { edgeProbabilities, histories } = episodes.state;
        this.#measure(edgeProbabilities, graphs, { round, figures, measures: MEASURES, offset: 0 });
        this.#limits.forEach(({ posterior }, index) => {
          const offset = MEASURES.length + index * LIMIT_METRICS.length;
          this.#measure(posterior.edgeProbabilities(histories), graphs, {
            round,
            figures,
            measures: LIMIT_MEASURES,
            offset,
          });
        });
        this.#watch({ strategy: strategy.name, first, round, graphs, edgeProbabilities, interventions });
      },
    });
    return figures;
  }

  /** Figures of one reader after a round, from `offset` on in those of every system. */
  #measure(
    edgeProbabilities: Float32Array,
    graphs: readonly CausalGraph[],
    { round, figures, measures, offset }: Measurement,
  ): void {
    const entries = this.#env.size * this.#env.size;
    graphs.forEach((graph, k) => {
      const probabilities = edgeProbabilities.subarray(k * entries, (k + 1) * entries);
      const at = (k * (this.rounds + 1) + round) * this.metrics.length + offset;
      measures.forEach((measure, metric) => {
        figures[at + metric] = measure(probabilities, graph) ?? Number.NaN;
      });
    });
  }
}

interface Measurement {
  readonly round: number;
  readonly figures: Float64Array;
  readonly measures: readonly StructureMetric[];
  readonly offset: number;
}
