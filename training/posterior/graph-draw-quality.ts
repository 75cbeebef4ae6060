import type { CausalGraph } from '../../core/causal/graph.js';
import { logPosterior, structuralHammingDistance } from '../../core/causal/graph-metrics.js';
import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvConfig } from '../../envs/design/design-env-config.js';
import { DatasetSpec } from '../../envs/simulation/config.js';
import { type MeasuredSystem, simulateSystems } from '../../envs/simulation/simulate-datasets.js';
import { AcyclicGraphs } from '../../models/posterior/acyclic-graphs.js';
import { ExactPosteriorSampler } from '../../models/posterior/exact/draw-systems.js';
import type { ExactGraphPosterior } from '../../models/posterior/exact/exact-graph-posterior.js';
import { meanOf } from '../loop/mean.js';

// Shapes: d variables.

/** How good whole graphs are that are drawn for the same data in one way. */
export interface GraphDrawQuality {
  /** How they are drawn. */
  readonly draws: string;
  /** Mean log-probability of the true graph, nats. */
  readonly logScore: number;
  /** Mean structural Hamming distance of a draw to the true graph; a reversed edge counts once. */
  readonly expectedShd: number;
  /** Share of draws without a cycle. */
  readonly acyclic: number;
  /**
   * Mean cross-entropy, nats per ordered pair, of "there is a directed path from i to j" under the frequency in draws:
   * whether edges hang together as they should.
   */
  readonly pathCrossEntropy: number;
}

export interface GraphDrawOptions {
  /** Held-out datasets. */
  readonly datasets: number;
  readonly seed: number;
  /** Draws for each dataset. @defaultValue 100 */
  readonly draws?: number;
  /** The exact posterior, where there is one. */
  readonly exact?: ExactGraphPosterior;
}

/** A distribution over graphs, possibly cyclic ones. */
interface GraphDraws {
  logProbability(graph: CausalGraph): number;
  /** [d, d] */
  draw(stream: RandomStream): Uint8Array;
}

/**
 * Graphs drawn for held-out datasets with round-robin experiments on two targets: edge by edge, given that there is no
 * cycle, fitted to the stated probabilities, and from the exact posterior.
 */
export function graphDrawQuality(
  posterior: GraphPosterior,
  environment: DesignEnvConfig,
  { datasets, seed, draws = 100, exact }: GraphDrawOptions,
): GraphDrawQuality[] {
  const systems = heldOutSystems(environment, datasets, seed);
  const entries = environment.prior.variables ** 2;
  const probabilities = posterior.edgeProbabilities(systems.map(({ history }) => history));
  const stated = (k: number) => probabilities.subarray(k * entries, (k + 1) * entries);
  const size = environment.prior.variables;
  const ways: Record<string, (k: number) => GraphDraws> = {
    'edge by edge': (k) => independentEdges(stated(k), size),
    'given no cycle': (k) => acyclic(AcyclicGraphs.conditioned(stated(k), size)),
    'fitted to the edges': (k) => acyclic(AcyclicGraphs.fitted(stated(k), size)),
  };
  if (exact !== undefined)
    ways['exact posterior'] = (k) => acyclic(new ExactPosteriorSampler(exact, systems[k]!.history));
  return Object.entries(ways).map(([name, of]) => {
    const judged = systems.map(({ graph }, k) =>
      judge(of(k), graph, { draws, stream: new RandomStream(`graph-draws/${seed}/${k}`) }),
    );
    const average = (figure: Exclude<keyof GraphDrawQuality, 'draws'>) => meanOf(judged.map((own) => own[figure]));
    return {
      draws: name,
      logScore: average('logScore'),
      expectedShd: average('expectedShd'),
      acyclic: average('acyclic'),
      pathCrossEntropy: average('pathCrossEntropy'),
    };
  });
}

function heldOutSystems(environment: DesignEnvConfig, count: number, seed: number): MeasuredSystem[] {
  const data = {
    observationalFraction: 0,
    turnSizes: [2],
    collections: { multiTarget: 0, singleTarget: 0, inTurn: 1, repeatedTarget: 0 },
    strengths: { uniform: 0, full: 1, zero: 0 },
  };
  const spec = DatasetSpec.parse({ environment, data });
  return simulateSystems({ spec, count, stream: new RandomStream(`graph-draws/${seed}`) });
}

function independentEdges(probabilities: Float32Array, size: number): GraphDraws {
  return {
    logProbability: (graph) => logPosterior(probabilities, graph),
    draw: (stream) =>
      Uint8Array.from({ length: size * size }, (_, at) => (stream.bernoulli(probabilities[at]!) ? 1 : 0)),
  };
}

function acyclic(graphs: AcyclicGraphs | ExactPosteriorSampler): GraphDraws {
  return {
    logProbability: (graph) => graphs.logProbability(graph),
    draw: (stream) => graphs.drawGraph(stream).adjacency,
  };
}

function judge(
  graphs: GraphDraws,
  truth: CausalGraph,
  { draws, stream }: { readonly draws: number; readonly stream: RandomStream },
): Omit<GraphDrawQuality, 'draws'> {
  const { size } = truth;
  const paths = new Float64Array(size * size);
  const distances: number[] = [];
  let withoutCycle = 0;
  for (let draw = 0; draw < draws; draw++) {
    const adjacency = graphs.draw(stream.child(draw));
    const reached = reachable(adjacency, size);
    distances.push(structuralHammingDistance({ size, adjacency }, truth));
    if (Array.from({ length: size }, (_, i) => reached[i * size + i]!).every((flag) => flag === 0)) withoutCycle++;
    reached.forEach((flag, at) => {
      paths[at]! += flag / draws;
    });
  }
  // Half a draw on either side, so that what was never drawn is not impossible.
  const frequencies = Float32Array.from(paths, (frequency) => (frequency * draws + 0.5) / (draws + 1));
  return {
    logScore: graphs.logProbability(truth),
    expectedShd: meanOf(distances),
    acyclic: withoutCycle / draws,
    pathCrossEntropy:
      -logPosterior(frequencies, { size, adjacency: reachable(truth.adjacency, size) }) / (size * (size - 1)),
  };
}

/** [d, d], 1 where a directed path leads from i to j; on the diagonal where i lies on a cycle. */
function reachable(adjacency: Uint8Array, size: number): Uint8Array {
  const reached = adjacency.slice();
  for (let via = 0; via < size; via++)
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        if (reached[i * size + via] === 1 && reached[via * size + j] === 1) reached[i * size + j] = 1;
  return reached;
}
