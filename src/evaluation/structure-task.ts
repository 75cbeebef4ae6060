import type { CausalGraph } from '../../core/causal/graph.js';
import {
  auroc,
  averagePrecision,
  edgeF1,
  expectedCorrectEntries,
  expectedStructuralHammingDistance,
  logPosterior,
} from '../../core/causal/graph-metrics.js';
import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvConfig } from '../../envs/design-env-config.js';
import { VectorDesignEnv, type VectorDesignState } from '../../envs/vector-design-env.js';
import type { DesignStrategy } from './strategy.js';
import type { EvaluationTask, TaskBatch } from './task.js';

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

export interface StructureTaskOptions {
  /** Name of the setting in results. */
  readonly environment: string;
  readonly config: DesignEnvConfig;
  readonly posterior: GraphPosterior;
  /** Evaluation seed: with the system's number it names everything that a system draws. */
  readonly seed: number;
}

/**
 * Learn the causal graph within T experiments. `return` is Phi, the expected number of correct adjacency entries of
 * d * d under the posterior, which is what the CAASL paper (arXiv:2405.16718) calls the return.
 */
export class StructureTask implements EvaluationTask {
  readonly kind = 'structure';
  readonly environment: string;
  readonly metrics = STRUCTURE_METRICS;
  readonly rounds: number;
  readonly #env: VectorDesignEnv;
  readonly #seed: number;

  constructor({ environment, config, posterior, seed }: StructureTaskOptions) {
    this.environment = environment;
    this.rounds = config.budget;
    this.#env = VectorDesignEnv.fromConfig(config, posterior);
    this.#seed = seed;
  }

  prepare(first: number, count: number): TaskBatch {
    const streams = Array.from(
      { length: count },
      (_, k) => new RandomStream(`evaluation/${this.#seed}/system/${first + k}`),
    );
    return { run: (strategy) => this.#run(strategy, streams) };
  }

  /**
   * The environment draws the system, its initial rows and the noise of experiment t from streams below the given ones
   * whatever the strategy does; the strategy's own choices come from streams that carry its name.
   */
  #run(strategy: DesignStrategy, streams: readonly RandomStream[]): Float64Array {
    const env = this.#env;
    const { budget, interventionKind, valueRange } = env.settings;
    const figures = new Float64Array(streams.length * (budget + 1) * MEASURES.length);
    let state: VectorDesignState = env.reset(streams);
    const graphs = env.models.map(({ graph }) => graph);
    this.#measure(state, graphs, { round: 0, figures });
    for (let step = 0; step < budget; step++) {
      const interventions = strategy.propose({
        histories: state.histories,
        step,
        budget,
        interventionKind,
        valueRange,
        streams: streams.map((stream) => stream.child('strategy', strategy.name, step)),
        ...(strategy.knowledge.includes('graph') ? { graphs } : {}),
      });
      state = env.step(interventions);
      this.#measure(state, graphs, { round: step + 1, figures });
    }
    return figures;
  }

  #measure(
    { edgeProbabilities }: VectorDesignState,
    graphs: readonly CausalGraph[],
    { round, figures }: { readonly round: number; readonly figures: Float64Array },
  ): void {
    const entries = this.#env.size * this.#env.size;
    graphs.forEach((graph, k) => {
      const probabilities = edgeProbabilities.subarray(k * entries, (k + 1) * entries);
      const at = (k * (this.rounds + 1) + round) * MEASURES.length;
      MEASURES.forEach((measure, metric) => {
        figures[at + metric] = measure(probabilities, graph) ?? Number.NaN;
      });
    });
  }
}
