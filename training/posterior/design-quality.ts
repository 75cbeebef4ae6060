import type { CausalGraph } from '../../core/causal/graph.js';
import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import type { History } from '../../core/causal/history.js';
import { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvConfig } from '../../envs/design/design-env-config.js';
import { VectorDesignEnv } from '../../envs/design/vector-design-env.js';
import type { DesignStrategy } from '../../models/design-strategy.js';
import { DesignEpisodes, playEpisodes } from '../../models/play-episodes.js';
import { type HeldOutScores, scoreGraphs } from './held-out.js';
import { constantReader } from './plain-readers.js';

/** A posterior among those that read the same rows. */
export interface Reader {
  readonly name: string;
  readonly posterior: GraphPosterior;
}

export interface DesignQualityOptions {
  readonly environment: DesignEnvConfig;
  readonly readers: readonly Reader[];
  /** The exact posterior of the environment, where there is one: what the others lose to it is shown. */
  readonly exact?: GraphPosterior;
  /** Whose histories are read; the choices do not depend on any of the readers. */
  readonly strategies: readonly DesignStrategy[];
  /** Numbers of experiments after which the histories are read. */
  readonly experiments: readonly number[];
  /** Systems that every strategy plays, the same for all. */
  readonly systems: number;
  readonly seed: number;
}

/** Scores of one reader on the histories of one strategy. */
export interface DesignQuality {
  readonly strategy: string;
  readonly experiments: number;
  readonly reader: string;
  readonly scores: HeldOutScores;
}

const BATCH = 100;

/**
 * How well readers know the graph from what strategies collect, on systems that none of them was trained on: histories of
 * designs that a learned posterior never saw tell whether it learned inference or only its training designs.
 */
export function designQuality(options: DesignQualityOptions): DesignQuality[] {
  return options.strategies.flatMap((strategy) => {
    const played = play(strategy, options);
    return options.experiments.flatMap((experiments) => {
      const rows = options.environment.initialRows + experiments * options.environment.rowsPerExperiment;
      const histories = played.histories.map((history) => history.prefix(rows));
      const labels = options.exact?.edgeProbabilities(histories);
      return options.readers.map(({ name, posterior }) => ({
        strategy: strategy.name,
        experiments,
        reader: name,
        scores: score(posterior.edgeProbabilities(histories), played.graphs, labels),
      }));
    });
  });
}

interface Played {
  readonly histories: readonly History[];
  readonly graphs: readonly CausalGraph[];
}

/** Every system once to the largest number of experiments; a history's beginning is what was known then. */
function play(strategy: DesignStrategy, { environment, experiments, systems, seed }: DesignQualityOptions): Played {
  const env = VectorDesignEnv.fromConfig({ ...environment, budget: Math.max(...experiments) }, constantReader(0));
  const histories: History[] = [];
  const graphs: CausalGraph[] = [];
  for (let first = 0; first < systems; first += BATCH) {
    const streams = Array.from(
      { length: Math.min(BATCH, systems - first) },
      (_, k) => new RandomStream(`design-quality/${seed}/system/${first + k}`),
    );
    const episodes = new DesignEpisodes(env, streams);
    graphs.push(...env.models.map(({ graph }) => graph));
    playEpisodes(episodes, strategy, { streams });
    histories.push(...episodes.state.histories);
  }
  return { histories, graphs };
}

function score(
  probabilities: Float32Array,
  graphs: readonly CausalGraph[],
  labels: Float32Array | undefined,
): HeldOutScores {
  return scoreGraphs(
    graphs.map((graph, k) => {
      const entries = graph.size * graph.size;
      return {
        graph,
        edgeProbabilities: probabilities.subarray(k * entries, (k + 1) * entries),
        labels: labels?.subarray(k * entries, (k + 1) * entries),
      };
    }),
  );
}
