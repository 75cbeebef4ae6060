// How well independent edge probabilities, or a predicted adjacency, fit the true graph.
// Shapes: d variables; edge probabilities are [d * d] row-major, entry i * d + j is q(i -> j). The diagonal of
// `edgeProbabilities` is never read: a variable cannot be its own parent, so those d entries count as correct where all
// entries are counted and are left out where pairs are ranked.
import { checkShape } from '../errors.js';
import type { Adjacency } from './graph.js';

export * from './calibration.js';
export * from './ranking-metrics.js';

/** Probabilities closer to 0 or 1 than this are moved to it before a logarithm: float32 cannot tell them apart. */
export const PROBABILITY_FLOOR = 1e-7;

function checkProbabilities(functionName: string, edgeProbabilities: ArrayLike<number>, size: number): void {
  checkShape(functionName, 'edgeProbabilities', [edgeProbabilities.length], [size * size]);
}

/** Sum over the ordered pairs i != j of `term(q(i -> j), edge)`. */
function sumOverPairs(
  edgeProbabilities: ArrayLike<number>,
  graph: Adjacency,
  term: (probability: number, edge: number) => number,
): number {
  const { size, adjacency } = graph;
  let sum = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      if (i !== j) sum += term(edgeProbabilities[i * size + j]!, adjacency[i * size + j]!);
    }
  }
  return sum;
}

/**
 * Expected number of correct entries of the d x d adjacency matrix under independent edges, in [0, d * d]:
 * d + sum over i != j of p A + (1 - p)(1 - A). Exact, where the published code draws 100 graphs.
 */
export function expectedCorrectEntries(edgeProbabilities: ArrayLike<number>, graph: Adjacency): number {
  checkProbabilities('expectedCorrectEntries', edgeProbabilities, graph.size);
  const correct = (probability: number, edge: number) => (edge === 1 ? probability : 1 - probability);
  return graph.size + sumOverPairs(edgeProbabilities, graph, correct);
}

/**
 * What `expectedCorrectEntries` is on average over graphs drawn from the posterior itself, so it needs no true graph:
 * d + sum over i != j of p^2 + (1 - p)^2.
 */
export function posteriorExpectedCorrectEntries(edgeProbabilities: ArrayLike<number>, size: number): number {
  checkProbabilities('posteriorExpectedCorrectEntries', edgeProbabilities, size);
  let sum = size;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const probability = edgeProbabilities[i * size + j]!;
      if (i !== j) sum += probability * probability + (1 - probability) * (1 - probability);
    }
  }
  return sum;
}

/**
 * log q(A) in nats, summed over the off-diagonal entries: the Barber-Agakov bound on the information gained. Finite:
 * probabilities are kept PROBABILITY_FLOOR away from 0 and 1.
 */
export function logPosterior(edgeProbabilities: ArrayLike<number>, graph: Adjacency): number {
  checkProbabilities('logPosterior', edgeProbabilities, graph.size);
  const logLikelihood = (probability: number, edge: number) =>
    Math.log(Math.min(Math.max(edge === 1 ? probability : 1 - probability, PROBABILITY_FLOOR), 1 - PROBABILITY_FLOOR));
  return sumOverPairs(edgeProbabilities, graph, logLikelihood);
}

/** Number of unordered pairs on which the graphs differ: a missing, an extra and a reversed edge each count once. */
export function structuralHammingDistance(first: Adjacency, second: Adjacency): number {
  const { size } = first;
  checkShape('structuralHammingDistance', 'second', [second.size], [size]);
  let distance = 0;
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      const forward = i * size + j;
      const backward = j * size + i;
      const same =
        first.adjacency[forward] === second.adjacency[forward] &&
        first.adjacency[backward] === second.adjacency[backward];
      if (!same) distance++;
    }
  }
  return distance;
}

/**
 * E[structuralHammingDistance(G, A)] for G with independent edges, in closed form: a pair is right only if both of its
 * entries are, so the sum runs over i < j of 1 - P(G_ij = A_ij) P(G_ji = A_ji).
 */
export function expectedStructuralHammingDistance(edgeProbabilities: ArrayLike<number>, graph: Adjacency): number {
  const { size, adjacency } = graph;
  checkProbabilities('expectedStructuralHammingDistance', edgeProbabilities, size);
  const right = (entry: number) => (adjacency[entry] === 1 ? edgeProbabilities[entry]! : 1 - edgeProbabilities[entry]!);
  let distance = 0;
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) distance += 1 - right(i * size + j) * right(j * size + i);
  }
  return distance;
}

/** The graph of all off-diagonal entries with probability of at least `threshold`; it may have cycles. */
export function thresholdEdges(edgeProbabilities: ArrayLike<number>, size: number, threshold = 0.5): Adjacency {
  checkProbabilities('thresholdEdges', edgeProbabilities, size);
  const adjacency = new Uint8Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const entry = i * size + j;
      if (i !== j && edgeProbabilities[entry]! >= threshold) adjacency[entry] = 1;
    }
  }
  return { size, adjacency };
}

/** Structural Hamming distance of the thresholded probabilities to the graph. */
export function shdAtThreshold(edgeProbabilities: ArrayLike<number>, graph: Adjacency, threshold = 0.5): number {
  return structuralHammingDistance(thresholdEdges(edgeProbabilities, graph.size, threshold), graph);
}

/**
 * F1 of the thresholded probabilities as a prediction of directed edges, in [0, 1]. With no true and no predicted edge
 * (an empty graph recovered, or d = 1) the prediction is perfect: 1.
 */
export function edgeF1(edgeProbabilities: ArrayLike<number>, graph: Adjacency, threshold = 0.5): number {
  const { size, adjacency } = graph;
  const predicted = thresholdEdges(edgeProbabilities, size, threshold).adjacency;
  let hits = 0;
  let errors = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const entry = i * size + j;
      if (i === j) continue;
      if (predicted[entry] !== adjacency[entry]) errors++;
      else hits += predicted[entry]!;
    }
  }
  return hits + errors === 0 ? 1 : (2 * hits) / (2 * hits + errors);
}
