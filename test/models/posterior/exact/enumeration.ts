import { CausalGraph } from '../../../../core/causal/graph.js';
import type { History } from '../../../../core/causal/history.js';
import type { ExactPriorConfig } from '../../../../models/posterior/exact/exact-prior.js';

// An oracle that shares nothing with the product: every order and every graph of a few variables, multivariate normals by
// Cholesky factorisation of their n x n covariance, and a fine trapezoid over the noise variance.

function permutations(size: number): number[][] {
  if (size === 0) return [[]];
  return permutations(size - 1).flatMap((rest) =>
    Array.from({ length: size }, (_, at) => [...rest.slice(0, at), size - 1, ...rest.slice(at)]),
  );
}

/** log N(y; 0, C). */
function logNormal(y: readonly number[], covariance: readonly (readonly number[])[]): number {
  const n = y.length;
  const factor = covariance.map((row) => [...row]);
  let logDensity = (-n / 2) * Math.log(2 * Math.PI);
  const z: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = factor[i]![j]!;
      for (let k = 0; k < j; k++) sum -= factor[i]![k]! * factor[j]![k]!;
      factor[i]![j] = i === j ? Math.sqrt(sum) : sum / factor[j]![j]!;
    }
    let value = y[i]!;
    for (let k = 0; k < i; k++) value -= factor[i]![k]! * z[k]!;
    z.push(value / factor[i]![i]!);
    logDensity -= Math.log(factor[i]![i]!) + 0.5 * z[i]! ** 2;
  }
  return logDensity;
}

interface MechanismData {
  readonly y: number[];
  readonly x: number[][];
}

function dataOf(history: History, sink: number, parents: readonly number[]): MechanismData {
  const { size, values, targets, kinds, interventionValues } = history;
  const rows = Array.from({ length: history.rows }, (_, row) => row).filter(
    (row) => targets[row * size + sink] === 0 || kinds[row] === 'shift',
  );
  return {
    y: rows.map(
      (row) => values[row * size + sink]! - (kinds[row] === 'shift' ? interventionValues[row * size + sink]! : 0),
    ),
    x: rows.map((row) => parents.map((parent) => values[row * size + parent]!)),
  };
}

/** log of the integral over s of IG(s; a, b) N(y; 0, s I + X X' / k). */
function environmentScore({ y, x }: MechanismData, shape: number, scale: number): number {
  const steps = 600;
  const [low, high] = [Math.log(1e-3), Math.log(60)];
  const width = (high - low) / steps;
  let logGamma = 0;
  for (let i = 1; i < shape; i++) logGamma += Math.log(i);
  const logs = Array.from({ length: steps }, (_, index) => {
    const s = Math.exp(low + (index + 0.5) * width);
    const covariance = y.map((_, i) =>
      y.map((__, j) => {
        const shared = x[i]!.reduce((sum, value, k) => sum + value * x[j]![k]!, 0) / Math.max(x[i]!.length, 1);
        return shared + (i === j ? s : 0);
      }),
    );
    const prior = shape * Math.log(scale) - logGamma - shape * Math.log(s) - scale / s;
    return prior + logNormal(y, covariance) + Math.log(width);
  });
  const highest = Math.max(...logs);
  return highest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - highest), 0));
}

/** Exact posterior by enumeration of orders and graphs, for whole-numbered shapes: edge probabilities and log evidence. */
export function enumerate(history: History, prior: ExactPriorConfig & { kind: 'environment' }) {
  const { size } = history;
  const { edgeProbability: p, varianceShape, varianceScale } = prior;
  const scores = new Map<string, number>();
  const scoreOf = (sink: number, parents: readonly number[]): number => {
    const key = `${sink}:${parents.join()}`;
    const known = scores.get(key);
    if (known !== undefined) return known;
    const score = environmentScore(dataOf(history, sink, parents), varianceShape, varianceScale);
    scores.set(key, score);
    return score;
  };
  const orders = permutations(size);
  const graphs: { logWeight: number; graph: Uint8Array }[] = [];
  for (const order of orders) {
    const pairs = order.flatMap((sink, at) => order.slice(0, at).map((source) => [source, sink] as const));
    for (let code = 0; code < 2 ** pairs.length; code++) {
      const graph = new Uint8Array(size * size);
      for (const [bit, [source, sink]] of pairs.entries())
        if ((code & (1 << bit)) !== 0) graph[source * size + sink] = 1;
      const edges = graph.reduce((sum, edge) => sum + edge, 0);
      let logWeight = edges * Math.log(p) + (pairs.length - edges) * Math.log(1 - p) - Math.log(orders.length);
      for (let sink = 0; sink < size; sink++)
        logWeight += scoreOf(
          sink,
          Array.from({ length: size }, (_, i) => i).filter((i) => graph[i * size + sink] === 1),
        );
      graphs.push({ logWeight, graph });
    }
  }
  const highest = Math.max(...graphs.map(({ logWeight }) => logWeight));
  const total = graphs.reduce((sum, { logWeight }) => sum + Math.exp(logWeight - highest), 0);
  const edgeProbabilities = new Float64Array(size * size);
  const byGraph = new Map<string, number>();
  for (const { logWeight, graph } of graphs) {
    const probability = Math.exp(logWeight - highest) / total;
    graph.forEach((edge, entry) => {
      edgeProbabilities[entry]! += edge * probability;
    });
    byGraph.set(graph.join(''), (byGraph.get(graph.join('')) ?? 0) + probability);
  }
  return { edgeProbabilities, logEvidence: highest + Math.log(total), byGraph };
}

export const isAcyclic = (size: number, adjacency: Uint8Array): boolean =>
  new CausalGraph(size, adjacency).size === size;
