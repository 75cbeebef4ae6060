import { CausalGraph } from '../../core/causal/graph.js';
import { CausalPilotError, checkShape } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';

// A set of variables is a number with a bit for each. Shapes: d variables.

/** Variables up to which all sets of variables can be summed over. */
const MOST_VARIABLES = 20;
/** Probabilities are kept this far from 0 and 1, so that no order of the variables is ruled out. */
const FLOOR = 1e-9;
const CEILING = 1 - 1e-6;

export interface AcyclicFit {
  /** Rounds of matching at most. @defaultValue 50 */
  readonly iterations?: number;
  /** Largest difference between stated and drawn edge probabilities to stop at. @defaultValue 1e-4 */
  readonly tolerance?: number;
}

/**
 * Acyclic graphs from edge probabilities, which say nothing of how edges hang together: an order of the variables, then edges
 * along it, each independently. With q_ij the probability of an edge from i to a later j,
 *
 *   P(order, graph) proportional to the product over all pairs of q^A (1 - q)^(1 - A), where the graph fits the order,
 *
 * which is independent edges given that there is no cycle, weighed by the number of orders that a graph fits, as in priors
 * that draw an order first. Sums over orders are sums over sets of variables (Koivisto and Sood, JMLR 2004), so draws,
 * probabilities and marginals are exact. Fitting chooses q so that the edges of draws are as frequent as stated. The family is
 * exponential in the log odds of q, so that is the maximum of sum_ij p_ij logit(q_ij) - log(sum over orders and graphs).
 */
export class AcyclicGraphs {
  /** [d, d]: q_ij, diagonal 0. */
  readonly #forward: Float64Array;
  readonly #orders: OrderWeights;

  private constructor(
    readonly size: number,
    forward: Float64Array,
    orders: OrderWeights,
  ) {
    this.#forward = forward;
    this.#orders = orders;
  }

  /** Independent edges [d, d], given that there is no cycle. */
  static conditioned(edgeProbabilities: ArrayLike<number>, size: number): AcyclicGraphs {
    const forward = offDiagonal(edgeProbabilities, size);
    return new AcyclicGraphs(size, forward, new OrderWeights(forward, size));
  }

  /**
   * Graphs whose edges are drawn with the stated probabilities [d, d]. Both directions of a pair with more than 1 together
   * are scaled down to it, and so is what no acyclic graph can hold: `edgeProbabilities()` tells what came of it.
   *
   * @throws CausalPilotError E_INPUT for more than 20 variables or entries outside [0, 1].
   */
  static fitted(
    edgeProbabilities: ArrayLike<number>,
    size: number,
    { iterations = 50, tolerance = 1e-4 }: AcyclicFit = {},
  ): AcyclicGraphs {
    const wanted = offDiagonal(edgeProbabilities, size);
    for (let i = 0; i < size; i++)
      for (let j = 0; j < i; j++) {
        const both = wanted[i * size + j]! + wanted[j * size + i]!;
        if (both <= CEILING) continue;
        wanted[i * size + j]! *= CEILING / both;
        wanted[j * size + i]! *= CEILING / both;
      }
    let state = stateAt(wanted.map(logit), wanted, size);
    let drawn = drawnProbabilities(state.forward, state.orders);
    let step = 1;
    for (let iteration = 0; iteration < iterations && step > 1e-6; iteration++) {
      if (drawn.every((m, at) => Math.abs(m - wanted[at]!) < tolerance)) break;
      const logOdds = state.logOdds.map((value, at) =>
        wanted[at] === 0 ? value : value + step * (logit(wanted[at]!) - logit(clamp(drawn[at]!))),
      );
      const next = stateAt(logOdds, wanted, size);
      // The objective is concave: a step that does not raise it was too long.
      if (next.objective > state.objective) {
        state = next;
        drawn = drawnProbabilities(state.forward, state.orders);
        step = Math.min(1, 1.5 * step);
      } else step /= 2;
    }
    return new AcyclicGraphs(size, state.forward, state.orders);
  }

  /** [d, d]: how often draws have each edge. */
  edgeProbabilities(): Float64Array {
    return drawnProbabilities(this.#forward, this.#orders);
  }

  drawGraph(stream: RandomStream): CausalGraph {
    const { size } = this;
    const adjacency = new Uint8Array(size * size);
    let left = 2 ** size - 1;
    while (left !== 0) {
      const last = this.#orders.drawLast(left, stream);
      left ^= 1 << last;
      for (let i = 0; i < size; i++)
        if ((left & (1 << i)) !== 0 && stream.bernoulli(this.#forward[i * size + last]!))
          adjacency[i * size + last] = 1;
    }
    return new CausalGraph(size, adjacency);
  }

  /** Log-probability of a graph. */
  logProbability({ size, adjacency }: CausalGraph): number {
    checkShape('AcyclicGraphs.logProbability', 'graph', [size], [this.size]);
    let total = Math.log(countOrders({ size, adjacency })) - Math.log(this.#orders.total);
    adjacency.forEach((edge, at) => {
      if (at % (size + 1) === 0) return;
      const q = this.#forward[at]!;
      total += edge === 1 ? Math.log(q) : Math.log1p(-q);
    });
    return total;
  }
}

/** How many orders of the variables put every parent before its children: a sum over sets that may come first. */
export function countOrders({ size, adjacency }: Pick<CausalGraph, 'size' | 'adjacency'>): number {
  const parents = Array.from({ length: size }, (_, j) => {
    let set = 0;
    for (let i = 0; i < size; i++) if (adjacency[i * size + j] === 1) set |= 1 << i;
    return set;
  });
  const orders = new Float64Array(2 ** size);
  orders[0] = 1;
  for (let first = 0; first < orders.length; first++) {
    if (orders[first] === 0) continue;
    for (let j = 0; j < size; j++)
      if ((first & (1 << j)) === 0 && (parents[j]! & ~first) === 0) orders[first | (1 << j)]! += orders[first]!;
  }
  return orders[orders.length - 1]!;
}

/**
 * Orders of the variables weighed by the product of 1 - q_ij over all pairs with i after j: how probable it is that no
 * independent edge goes against the order.
 */
class OrderWeights {
  readonly #size: number;
  /** [2^d]: the sum over orders of a set that comes first. */
  readonly #first: Float64Array;
  /** By variable j: products of 1 - q_ij over the i outside of a set, of the lower and of the upper half of the bits. */
  readonly #low: readonly Float64Array[];
  readonly #high: readonly Float64Array[];
  readonly #lowBits: number;

  constructor(forward: Float64Array, size: number) {
    this.#size = size;
    this.#lowBits = size >> 1;
    const missing = (from: number, bits: number, j: number) => {
      const products = new Float64Array(2 ** bits).fill(1);
      for (let set = products.length - 2; set >= 0; set--) {
        const absent = 31 - Math.clz32(~set & (products.length - 1));
        const i = from + absent;
        products[set] = products[set | (1 << absent)]! * (i === j ? 1 : 1 - forward[i * size + j]!);
      }
      return products;
    };
    const variables = Array.from({ length: size }, (_, j) => j);
    this.#low = variables.map((j) => missing(0, this.#lowBits, j));
    this.#high = variables.map((j) => missing(this.#lowBits, size - this.#lowBits, j));
    this.#first = new Float64Array(2 ** size);
    this.#first[0] = 1;
    for (let set = 1; set < this.#first.length; set++) {
      let sum = 0;
      for (let j = 0; j < size; j++) if ((set & (1 << j)) !== 0) sum += this.#ending(set ^ (1 << j), j);
      this.#first[set] = sum;
    }
  }

  get total(): number {
    return this.#first[this.#first.length - 1]!;
  }

  /** The last variable of a set that comes first. */
  drawLast(set: number, stream: RandomStream): number {
    const weights = Float64Array.from({ length: this.#size }, (_, j) =>
      (set & (1 << j)) === 0 ? 0 : this.#ending(set ^ (1 << j), j),
    );
    return stream.weightedIndex(weights);
  }

  /** [d, d]: the probability that i comes before j. */
  precedence(): Float64Array {
    const size = this.#size;
    const all = 2 ** size - 1;
    const last = new Float64Array(all + 1);
    last[all] = 1;
    for (let set = all - 1; set >= 0; set--) {
      let sum = 0;
      for (let j = 0; j < size; j++) if ((set & (1 << j)) === 0) sum += this.#without(set, j) * last[set | (1 << j)]!;
      last[set] = sum;
    }
    const before = new Float64Array(size * size);
    for (let set = 1; set < all; set++) {
      for (let j = 0; j < size; j++) {
        if ((set & (1 << j)) !== 0) continue;
        const weight = this.#ending(set, j) * last[set | (1 << j)]!;
        for (let i = 0; i < size; i++) if ((set & (1 << i)) !== 0) before[i * size + j]! += weight;
      }
    }
    return before.map((weight) => weight / this.total);
  }

  /** Orders of `set` first, then j. */
  #ending(set: number, j: number): number {
    return this.#first[set]! * this.#without(set, j);
  }

  #without(set: number, j: number): number {
    return this.#low[j]![set & ((1 << this.#lowBits) - 1)]! * this.#high[j]![set >> this.#lowBits]!;
  }
}

/** Parameters of the fit and how good they are. */
function stateAt(logOdds: Float64Array, wanted: Float64Array, size: number) {
  const forward = logOdds.map((value, at) => (at % (size + 1) === 0 ? 0 : clamp(1 / (1 + Math.exp(-value)))));
  const orders = new OrderWeights(forward, size);
  let objective = -Math.log(orders.total);
  forward.forEach((q, at) => {
    if (at % (size + 1) !== 0) objective += wanted[at]! * logit(q) + Math.log1p(-q);
  });
  return { logOdds, forward, orders, objective };
}

/** [d, d]: how often draws have each edge. */
function drawnProbabilities(forward: Float64Array, orders: OrderWeights): Float64Array {
  return orders.precedence().map((before, at) => before * forward[at]!);
}

function logit(p: number): number {
  return p === 0 ? 0 : Math.log(p) - Math.log1p(-p);
}

function offDiagonal(edgeProbabilities: ArrayLike<number>, size: number): Float64Array {
  checkShape('AcyclicGraphs', 'edgeProbabilities', [edgeProbabilities.length], [size * size]);
  if (size > MOST_VARIABLES)
    throw new CausalPilotError(
      'E_INPUT',
      `AcyclicGraphs: ${size} variables are more than ${MOST_VARIABLES}, beyond which the sum over orders takes too long`,
    );
  return Float64Array.from({ length: size * size }, (_, at) => {
    const p = edgeProbabilities[at]!;
    if (!(p >= 0 && p <= 1))
      throw new CausalPilotError(
        'E_INPUT',
        `AcyclicGraphs: edge probability (${Math.floor(at / size)}, ${at % size}) must be in [0, 1], got ${p}`,
      );
    return at % (size + 1) === 0 ? 0 : clamp(p);
  });
}

function clamp(p: number): number {
  return Math.min(Math.max(p, FLOOR), CEILING);
}
