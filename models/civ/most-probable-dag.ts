import { CausalGraph } from '../../core/causal/graph.js';
import { checkShape } from '../../core/errors.js';

/** Above this size the exact search over all variable subsets would need too much memory. */
const LARGEST_EXACT = 15;
const FLOOR = 1e-9;

/**
 * The acyclic graph with the largest probability under independent edges q [d, d]: it keeps edges with log odds
 * log(q/(1-q)) > 0 and gives up as little as possible of them to be acyclic. Exact up to 15 variables by dynamic
 * programming over which variables come first in causal order; beyond, edges join by decreasing q where no cycle closes.
 */
export function mostProbableDag(edgeProbabilities: ArrayLike<number>, size: number): CausalGraph {
  checkShape('mostProbableDag', 'edgeProbabilities', [edgeProbabilities.length], [size * size]);
  const logOdds = Float64Array.from(edgeProbabilities, (q, entry) => {
    const bounded = Math.min(1 - FLOOR, Math.max(FLOOR, q));
    return entry % (size + 1) === 0 ? 0 : Math.max(0, Math.log(bounded / (1 - bounded)));
  });
  const adjacency = size <= LARGEST_EXACT ? exact(logOdds, size) : greedy(logOdds, size);
  return new CausalGraph(size, adjacency);
}

function exact(logOdds: Float64Array, size: number): Uint8Array {
  const subsets = 1 << size;
  const best = new Float64Array(subsets);
  const last = new Int8Array(subsets).fill(-1);
  for (let subset = 1; subset < subsets; subset++) {
    let value = -1;
    for (let child = 0; child < size; child++) {
      if ((subset & (1 << child)) === 0) continue;
      const before = subset & ~(1 << child);
      let gain = best[before]!;
      for (let parent = 0; parent < size; parent++)
        if ((before & (1 << parent)) !== 0) gain += logOdds[parent * size + child]!;
      if (gain > value) {
        value = gain;
        last[subset] = child;
      }
    }
    best[subset] = value;
  }
  const adjacency = new Uint8Array(size * size);
  for (let subset = subsets - 1; subset > 0; ) {
    const child = last[subset]!;
    subset &= ~(1 << child);
    for (let parent = 0; parent < size; parent++)
      if ((subset & (1 << parent)) !== 0 && logOdds[parent * size + child]! > 0) adjacency[parent * size + child] = 1;
  }
  return adjacency;
}

function greedy(logOdds: Float64Array, size: number): Uint8Array {
  const adjacency = new Uint8Array(size * size);
  // reaches[i * size + j] = 1 where a directed path leads from i to j; every variable reaches itself.
  const reaches = Uint8Array.from(logOdds, (_, entry) => (entry % (size + 1) === 0 ? 1 : 0));
  const edges = Array.from(logOdds.keys())
    .filter((entry) => logOdds[entry]! > 0)
    .sort((a, b) => logOdds[b]! - logOdds[a]!);
  for (const edge of edges) {
    const [from, to] = [Math.floor(edge / size), edge % size];
    if (reaches[to * size + from] === 1) continue;
    adjacency[edge] = 1;
    for (let source = 0; source < size; source++) {
      if (reaches[source * size + from] === 0) continue;
      for (let end = 0; end < size; end++) if (reaches[to * size + end] === 1) reaches[source * size + end] = 1;
    }
  }
  return adjacency;
}
