// Sums over all causal orders of a prior that is a product over variables given their predecessors (Koivisto and Sood, JMLR
// 2004), in logarithms. A set of variables is a number with a bit for each; sets of parents of j leave out bit j.
// Shapes: d variables; weights [d, 2^(d-1)], log of score times odds^k.

/** `set` of all variables as a set of those other than `variable`, which it does not contain. */
export function withoutBit(set: number, variable: number): number {
  const low = 2 ** variable - 1;
  return (set & low) | ((set >> 1) & ~low);
}

/** The inverse of `withoutBit`. */
export function withGap(set: number, variable: number): number {
  const low = 2 ** variable - 1;
  return (set & low) | ((set & ~low) << 1);
}

function countBits(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** log(e^a + e^b). */
function logAdd(a: number, b: number): number {
  const high = Math.max(a, b);
  return high === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high));
}

type Add = (a: number, b: number) => number;

/** What the sums (or, with `Math.max` for `add`, the maxima) over orders are made of. */
export interface OrderSums {
  /** [d, 2^(d-1)]: over all parent sets of j within a set of predecessors. */
  readonly predecessors: Float64Array;
  /** [2^d]: over all orders and parent sets of the variables of a set, which come first. */
  readonly first: Float64Array;
}

/** Log weights [d, 2^(d-1)] of parent sets from log scores and the log odds of an edge. */
export function logWeights(logScores: Float64Array, size: number, logOdds: number): Float64Array {
  const half = 2 ** (size - 1);
  return logScores.map((score, at) => {
    const parents = countBits(at % half);
    return parents === 0 ? score : score + parents * logOdds;
  });
}

export function orderSums(weights: Float64Array, size: number, add: Add = logAdd): OrderSums {
  const half = 2 ** (size - 1);
  const predecessors = weights.slice();
  for (let j = 0; j < size; j++) overSubsets(predecessors.subarray(j * half, (j + 1) * half), add);
  const first = new Float64Array(2 * half).fill(Number.NEGATIVE_INFINITY);
  first[0] = 0;
  for (let set = 1; set < 2 * half; set++)
    for (let j = 0; j < size; j++) {
      if ((set & (1 << j)) === 0) continue;
      const before = set ^ (1 << j);
      first[set] = add(first[set]!, first[before]! + predecessors[j * half + withoutBit(before, j)]!);
    }
  return { predecessors, first };
}

/** Edge probabilities [d, d] of log weights. */
export function edgeProbabilitiesOf(weights: Float64Array, size: number): Float64Array {
  const half = 2 ** (size - 1);
  const { predecessors, first } = orderSums(weights, size);
  const last = new Float64Array(2 * half).fill(Number.NEGATIVE_INFINITY);
  last[2 * half - 1] = 0;
  for (let set = 2 * half - 2; set >= 0; set--)
    for (let j = 0; j < size; j++) {
      if ((set & (1 << j)) !== 0) continue;
      last[set] = logAdd(last[set]!, predecessors[j * half + withoutBit(set, j)]! + last[set | (1 << j)]!);
    }
  const evidence = first[2 * half - 1]!;
  const edges = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    const around = Float64Array.from({ length: half }, (_, set) => {
      const whole = withGap(set, j);
      return first[whole]! + last[whole | (1 << j)]!;
    });
    overSupersets(around);
    for (let set = 0; set < half; set++) {
      const probability = Math.exp(weights[j * half + set]! + around[set]! - evidence);
      for (let i = 0; i < size; i++)
        if (i !== j && (withGap(set, j) & (1 << i)) !== 0) edges[i * size + j]! += probability;
    }
  }
  return edges.map((probability) => Math.min(probability, 1));
}

/** Each entry becomes the sum over the subsets of its set, in place. */
function overSubsets(values: Float64Array, add: Add): void {
  for (let bit = 1; bit < values.length; bit *= 2)
    for (let set = 0; set < values.length; set++)
      if ((set & bit) !== 0) values[set] = add(values[set]!, values[set ^ bit]!);
}

function overSupersets(values: Float64Array): void {
  for (let bit = 1; bit < values.length; bit *= 2)
    for (let set = 0; set < values.length; set++)
      if ((set & bit) === 0) values[set] = logAdd(values[set]!, values[set | bit]!);
}
