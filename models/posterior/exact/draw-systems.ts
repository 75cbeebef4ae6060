import { CausalGraph } from '../../../core/causal/graph.js';
import type { History } from '../../../core/causal/history.js';
import type { SinkStatistics } from '../../../core/native/ops/exact-posterior.js';
import { sampleInverseGamma } from '../../../core/random/distributions.js';
import type { RandomStream } from '../../../core/random/stream.js';
import { LinearScm } from '../../../envs/linear-scm/linear-scm.js';
import { countOrders } from '../acyclic-graphs.js';
import type { ExactGraphPosterior } from './exact-graph-posterior.js';
import { type ExactPriorConfig, exactPriorNumbers } from './exact-prior.js';
import { logWeights, type OrderSums, orderSums, withGap, withoutBit } from './order-sums.js';
import { type SinkRows, varianceNodes } from './parent-set-score.js';

// Shapes: d variables, k parents.

/** Draws graphs and whole systems from the exact posterior of one history. */
export class ExactPosteriorSampler {
  readonly size: number;
  /**
   * What the rows of the history say.
   *
   * @internal
   */
  readonly statistics: SinkStatistics;
  readonly #prior: ExactPriorConfig;
  readonly #weights: Float64Array;
  readonly #sums: OrderSums;
  /** The noise variance of a sink given its parents, by both: most draws share theirs with others. */
  readonly #varianceNodes = new Map<string, VarianceChoice>();

  constructor(posterior: ExactGraphPosterior, history: History) {
    this.statistics = posterior.statistics([history]);
    const numbers = exactPriorNumbers(posterior.prior, history.size);
    this.size = history.size;
    this.#prior = posterior.prior;
    this.#weights = logWeights(posterior.kernel.logScores(this.statistics, numbers), this.size, Math.log(numbers[1]!));
    this.#sums = orderSums(this.#weights, this.size);
  }

  /** A graph: the last variable of the order, its parents, the last but one, and so on. */
  drawGraph(stream: RandomStream): CausalGraph {
    return this.#trace(this.#sums, (logs) => drawIndex(logs, stream));
  }

  /** The graph of the most probable pair of an order and a graph; how many orders a graph has does not count. */
  mostProbableGraph(): CausalGraph {
    const maxima = orderSums(this.#weights, this.size, Math.max);
    return this.#trace(maxima, (logs) => logs.indexOf(Math.max(...logs)));
  }

  /** Log-probability of a graph given the data. */
  logProbability(graph: CausalGraph): number {
    const half = 2 ** (this.size - 1);
    let total = Math.log(countOrders(graph)) - this.#sums.first[2 * half - 1]!;
    for (let sink = 0; sink < this.size; sink++) {
      const parents = graph.parents(sink).reduce((set, parent) => set | (1 << parent), 0);
      total += this.#weights[sink * half + withoutBit(parents, sink)]!;
    }
    return total;
  }

  /** A system: graph, noise variances and coefficients given the data. */
  drawSystem(stream: RandomStream): LinearScm {
    const { size } = this;
    const graph = this.drawGraph(stream.child('graph'));
    const coefficients = new Float64Array(size * size);
    const scales = new Float64Array(size);
    const random = stream.child('mechanisms');
    for (let sink = 0; sink < size; sink++) {
      const parents = graph.parents(sink);
      const drawn = this.#drawMechanism(sink, parents, random);
      scales[sink] = Math.sqrt(drawn.variance);
      parents.forEach((parent, index) => {
        coefficients[parent * size + sink] = drawn.coefficients[index]!;
      });
    }
    return new LinearScm({ graph, coefficients, noise: { kind: 'gaussian', scales } });
  }

  #trace(sums: OrderSums, choose: (logs: number[]) => number): CausalGraph {
    const { size } = this;
    const half = 2 ** (size - 1);
    const adjacency = new Uint8Array(size * size);
    let left = 2 ** size - 1;
    while (left !== 0) {
      const members = Array.from({ length: size }, (_, j) => j).filter((j) => (left & (1 << j)) !== 0);
      const lasts = members.map((j) => {
        const before = left ^ (1 << j);
        return sums.first[before]! + sums.predecessors[j * half + withoutBit(before, j)]!;
      });
      const sink = members[choose(lasts)]!;
      left ^= 1 << sink;
      const parents = this.#chooseParents(sink, withoutBit(left, sink), choose);
      for (let i = 0; i < size; i++) if ((parents & (1 << i)) !== 0) adjacency[i * size + sink] = 1;
    }
    return new CausalGraph(size, adjacency);
  }

  /** A set of all variables: parents of `sink` within its predecessors. */
  #chooseParents(sink: number, predecessors: number, choose: (logs: number[]) => number): number {
    const half = 2 ** (this.size - 1);
    const sets: number[] = [];
    for (let set = predecessors; ; set = (set - 1) & predecessors) {
      sets.push(set);
      if (set === 0) break;
    }
    const chosen = sets[choose(sets.map((set) => this.#weights[sink * half + set]!))]!;
    return withGap(chosen, sink);
  }

  #drawVariance(
    rows: SinkRows,
    parents: readonly number[],
    { varianceShape: shape, varianceScale: scale }: Extract<ExactPriorConfig, { kind: 'environment' }>,
    random: RandomStream,
  ): number {
    const key = `${rows.sink} < ${parents}`;
    let known = this.#varianceNodes.get(key);
    if (known === undefined) {
      const nodes = varianceNodes(rows, parents, { shape, scale });
      known = {
        variances: Float64Array.from(nodes, ({ variance }) => variance),
        weights: weightsOf(nodes.map(({ logWeight }) => logWeight)),
      };
      this.#varianceNodes.set(key, known);
    }
    return known.variances[random.weightedIndex(known.weights)]!;
  }

  #drawMechanism(sink: number, parents: readonly number[], random: RandomStream) {
    const { size, statistics } = this;
    const rows: SinkRows = {
      gram: statistics.grams.subarray(sink * size * size, (sink + 1) * size * size),
      size,
      sink,
      rows: statistics.rowCounts[sink]!,
    };
    if (this.#prior.kind === 'environment') {
      const variance = this.#drawVariance(rows, parents, this.#prior, random);
      const ridge = variance * parents.length;
      return { variance, coefficients: drawCoefficients(rows, parents, { ridge, factor: 1, variance, random }) };
    }
    const { g } = this.#prior;
    const factor = g / (1 + g);
    const total = rows.gram[sink * size + sink]!;
    const explained = factor * explainedSum(rows, parents);
    const variance =
      rows.rows > 0 && total > 0 ? sampleInverseGamma(random, rows.rows / 2, (total - explained) / 2) : 1;
    return { variance, coefficients: drawCoefficients(rows, parents, { ridge: 0, factor, variance, random }) };
  }
}

/** Noise variances of the nodes of a quadrature, and how likely each is. */
interface VarianceChoice {
  readonly variances: Float64Array;
  readonly weights: Float64Array;
}

function drawIndex(logs: readonly number[], stream: RandomStream): number {
  return stream.weightedIndex(weightsOf(logs));
}

/** Weights of their logarithms, the largest 1. */
function weightsOf(logs: readonly number[]): Float64Array {
  const highest = Math.max(...logs);
  return Float64Array.from(logs, (log) => Math.exp(log - highest));
}

/** Cholesky factor [k, k] of the parents' Gram matrix with `ridge` on its diagonal; collinear parents get a zero column. */
function factorOf({ gram, size }: SinkRows, parents: readonly number[], ridge: number): Float64Array {
  const k = parents.length;
  const factor = new Float64Array(k * k);
  for (let c = 0; c < k; c++) {
    for (let r = c; r < k; r++) {
      let sum = gram[parents[r]! * size + parents[c]!]! + (r === c ? ridge : 0);
      for (let m = 0; m < c; m++) sum -= factor[r * k + m]! * factor[c * k + m]!;
      const pivot = factor[c * k + c]!;
      if (r === c) factor[r * k + c] = sum > 1e-12 * gram[parents[c]! * size + parents[c]!]! ? Math.sqrt(sum) : 0;
      else factor[r * k + c] = pivot === 0 ? 0 : sum / pivot;
    }
  }
  return factor;
}

/** L^-1 b of the cross products b of parents and sink; 0 where the factor has a zero column. */
function whitened({ gram, size, sink }: SinkRows, parents: readonly number[], factor: Float64Array): Float64Array {
  const k = parents.length;
  const out = new Float64Array(k);
  for (let r = 0; r < k; r++) {
    let sum = gram[parents[r]! * size + sink]!;
    for (let c = 0; c < r; c++) sum -= factor[r * k + c]! * out[c]!;
    const pivot = factor[r * k + r]!;
    out[r] = pivot === 0 ? 0 : sum / pivot;
  }
  return out;
}

function explainedSum(rows: SinkRows, parents: readonly number[]): number {
  return whitened(rows, parents, factorOf(rows, parents, 0)).reduce((sum, value) => sum + value * value, 0);
}

/** Normal draw with mean factor (ridge I + G)^-1 b and covariance factor variance (ridge I + G)^-1. */
function drawCoefficients(
  rows: SinkRows,
  parents: readonly number[],
  given: { readonly ridge: number; readonly factor: number; readonly variance: number; readonly random: RandomStream },
): Float64Array {
  const k = parents.length;
  const factor = factorOf(rows, parents, given.ridge);
  const z = whitened(rows, parents, factor);
  const spread = Math.sqrt(given.factor * given.variance);
  const right = z.map((value) => given.factor * value + spread * given.random.normal());
  const out = new Float64Array(k);
  for (let c = k - 1; c >= 0; c--) {
    let sum = right[c]!;
    for (let r = c + 1; r < k; r++) sum -= factor[r * k + c]! * out[r]!;
    const pivot = factor[c * k + c]!;
    out[c] = pivot === 0 ? 0 : sum / pivot;
  }
  return out;
}
