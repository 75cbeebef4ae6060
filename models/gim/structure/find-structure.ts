import { CausalGraph } from '../../../core/causal/graph.js';
import type { RandomStream } from '../../../core/random/stream.js';
import { greedyGraph, type ParentLists } from './greedy-graph.js';
import { type NodeRegression, NodeRegressions, type TargetFlags } from './node-regressions.js';
import type { ScreenMoments } from './screen-moments.js';
import { sparseStart } from './sparse-start.js';

// Shapes: d variables, b basis functions, K contexts.

const START_PENALTIES: readonly number[] = [0.03, 0.04, 0.05, 0.06, 0.075, 0.09];
/** Rounds of targets and graph in turn; most searches stand still after three. */
const LARGEST_ROUNDS = 8;
/** How many variables restarts forget, in turn: few keep what is right, many undo an error that spans several. */
const FORGOTTEN: readonly number[] = [3, 4, 5, 6, 7, 8];

const DEFAULT_RESTARTS = 42;

export interface StructureOptions {
  readonly stream: RandomStream;
  /** Nats that a target costs. @defaultValue 10 */
  readonly targetCost?: number;
  /** Searches from the best structure so far with some variables forgotten. @defaultValue 42 */
  readonly restarts?: number;
}

/** A graph, the targets of every context, and the mechanisms that go with them. */
export interface Structure {
  readonly parents: ParentLists;
  /** [K, d] */
  readonly targets: TargetFlags;
  /** [d] of [parents, b], in observational standard deviations. */
  readonly coefficients: readonly Float64Array[];
  /** [d], means of undisturbed residuals about the observational mean, in the same units. */
  readonly intercepts: Float64Array;
  /** [d], residual variances. */
  readonly variances: Float64Array;
  /** Penalised log likelihood, comparable between structures of one screen. */
  readonly score: number;
}

/**
 * Graph and targets in turn until nothing changes, from several sparse starts, then from the best with variables forgotten.
 * All local optima that were found, best first, each graph once.
 */
export function findStructures(moments: ScreenMoments, options: StructureOptions): Structure[] {
  const { stream, restarts = DEFAULT_RESTARTS, targetCost = 10 } = options;
  const { size } = moments;
  const empty: ParentLists = Array.from({ length: size }, () => []);
  const found = START_PENALTIES.map((penalty) =>
    alternate(moments, { parents: empty, targets: sparseStart(moments, penalty) }, targetCost),
  );
  let best = found.reduce((a, b) => (b.score > a.score ? b : a));
  for (let restart = 0; restart < restarts; restart++) {
    const chosen = chooseForgotten(size, restart, stream);
    const next = alternate(moments, forget(best, chosen, size), targetCost);
    found.push(next);
    if (next.score > best.score) best = next;
  }
  const ofGraph = new Map<string, Structure>();
  for (const structure of found.sort((a, b) => b.score - a.score)) {
    const key = structure.parents.map((list) => list.join()).join(';');
    if (!ofGraph.has(key)) ofGraph.set(key, structure);
  }
  return [...ofGraph.values()].map((structure) => withIntercepts(moments, structure));
}

/** The structure of a known graph: targets and mechanisms in turn. */
export function structureOfGraph(moments: ScreenMoments, parents: ParentLists, targetCost = 10): Structure {
  let targets = sparseStart(moments, START_PENALTIES[0]!);
  for (let round = 0; ; round++) {
    const structure = describe(moments, new NodeRegressions(moments, targets), { parents, targets, targetCost });
    if (round === LARGEST_ROUNDS || structure.targets.every((flag, entry) => flag === targets[entry]))
      return withIntercepts(moments, structure);
    targets = structure.targets;
  }
}

/** The structure of known targets [K, d]: a search for the graph alone, with restarts. */
export function structureOfTargets(moments: ScreenMoments, targets: TargetFlags, options: StructureOptions): Structure {
  const { stream, restarts = DEFAULT_RESTARTS, targetCost = 10 } = options;
  const regressions = new NodeRegressions(moments, targets);
  const search = (from: ParentLists): Structure => {
    const parents = greedyGraph(regressions, from, Math.log(moments.totalRows));
    return { ...describe(moments, regressions, { parents, targets, targetCost }), targets };
  };
  let best = search(Array.from({ length: moments.size }, () => []));
  for (let restart = 0; restart < restarts; restart++) {
    const next = search(forget(best, chooseForgotten(moments.size, restart, stream), moments.size).parents);
    if (next.score > best.score) best = next;
  }
  return withIntercepts(moments, best);
}

function chooseForgotten(size: number, restart: number, stream: RandomStream): ReadonlySet<number> {
  const count = Math.min(FORGOTTEN[restart % FORGOTTEN.length]!, size);
  return new Set(stream.child('restart', restart).choose(size, count));
}

/** The same graph, targets and score with mechanisms whose intercepts are estimated on all undisturbed rows. */
function withIntercepts(moments: ScreenMoments, structure: Structure): Structure {
  const regressions = new NodeRegressions(moments, structure.targets, 'free');
  const nodes = structure.parents.map((list, node) => regressions.of(node, list));
  return { ...structure, ...mechanismsOf(nodes) };
}

function mechanismsOf(nodes: readonly NodeRegression[]): Pick<Structure, 'coefficients' | 'intercepts' | 'variances'> {
  return {
    coefficients: nodes.map(({ coefficients }) => coefficients),
    intercepts: Float64Array.from(nodes, ({ intercept }) => intercept),
    variances: Float64Array.from(nodes, ({ variance }) => variance),
  };
}

/** The graph of a structure. */
export function graphOf({ parents }: Pick<Structure, 'parents'>): CausalGraph {
  return CausalGraph.fromEdges(
    parents.length,
    parents.flatMap((list, child) => list.map((parent): [number, number] => [parent, child])),
  );
}

type Start = Pick<Structure, 'parents' | 'targets'>;

/** Without edges to the chosen variables, which every context may hit: their own moments are then those within contexts. */
function forget({ parents, targets }: Start, chosen: ReadonlySet<number>, size: number): Start {
  return {
    parents: parents.map((list, node) => (chosen.has(node) ? [] : list.filter((parent) => !chosen.has(parent)))),
    targets: targets.map((flag, entry) => (chosen.has(entry % size) ? 1 : flag)),
  };
}

function alternate(moments: ScreenMoments, start: Start, targetCost: number): Structure {
  const edgeCost = Math.log(moments.totalRows);
  let { parents, targets } = start;
  for (let round = 0; ; round++) {
    const regressions = new NodeRegressions(moments, targets);
    parents = greedyGraph(regressions, parents, edgeCost);
    const structure = describe(moments, regressions, { parents, targets, targetCost });
    if (round === LARGEST_ROUNDS || structure.targets.every((flag, entry) => flag === targets[entry])) return structure;
    targets = structure.targets;
  }
}

/** Mechanisms given the old targets, targets given these mechanisms, and their score. */
function describe(
  moments: ScreenMoments,
  regressions: NodeRegressions,
  { parents, targets, targetCost }: Start & { readonly targetCost: number },
): Structure {
  const { size, contexts } = moments;
  const nodes = parents.map((list, node) => regressions.of(node, list));
  const { coefficients, intercepts, variances } = mechanismsOf(nodes);
  const renewed = new Uint8Array(targets.length);
  const edgeCost = Math.log(moments.totalRows) * moments.basis.functions.length;
  let score = 0;
  parents.forEach((list, node) => {
    const variance = variances[node]!;
    const own = { node, parents: list, coefficients: coefficients[node]!, intercept: intercepts[node]! };
    // Squares within contexts are those of the regression without the means of contexts that it took to be undisturbed.
    let doubledSquares = regressions.rows(node);
    let excess = 0;
    contexts.forEach((context, k) => {
      const mean = residualMean(moments, context.mean, own);
      const evidence = (context.rows * mean * mean) / (2 * variance);
      if (evidence > targetCost) renewed[k * size + node] = 1;
      if (targets[k * size + node] === 0) doubledSquares -= 2 * evidence;
      // A target also costs what choosing its shift costs, 2 nats.
      excess += Math.min(evidence, targetCost + 2);
    });
    score -= (moments.totalRows * Math.log(variance) + doubledSquares) / 2 + excess + edgeCost * list.length;
  });
  return { parents, targets: renewed, coefficients, intercepts, variances, score };
}

/** One variable with its mechanism. */
export interface NodeMechanism {
  readonly node: number;
  readonly parents: readonly number[];
  /** [parents, b] */
  readonly coefficients: Float64Array;
  readonly intercept: number;
}

/** Mean of x_j - f_j(parents) in a context whose columns have this mean [D] about the observational one. */
export function residualMean(
  { basis }: Pick<ScreenMoments, 'basis'>,
  mean: Float64Array,
  { node, parents, coefficients, intercept }: NodeMechanism,
): number {
  const blocks = basis.functions.length;
  let residual = mean[node * blocks]! - intercept;
  parents.forEach((parent, position) => {
    for (let c = 0; c < blocks; c++) residual -= coefficients[position * blocks + c]! * mean[parent * blocks + c]!;
  });
  return residual;
}
