import { equivalenceClass } from '../../core/causal/equivalence-class.js';
import { CausalGraph } from '../../core/causal/graph.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import { dependentVariables, type PartialCorrelationTest, partialCorrelationTest } from './partial-correlation.js';

export interface SparsestPermutationOptions {
  readonly stream: RandomStream;
  /** Two-sided significance of the partial correlation tests. @defaultValue 0.001 */
  readonly alpha?: number;
  /** Random orders to start from; the sparsest result wins. @defaultValue 10 */
  readonly starts?: number;
  /** Covered edge reversals that may be chained without making the graph sparser. @defaultValue 4 */
  readonly depth?: number;
}

/**
 * Greedy sparsest permutation (Solus, Wang & Uhler 2021): the DAG of a causal order has the edge k -> i where k comes before i
 * and the two depend on each other given everything else before i. From a random order the search reverses covered edges
 * (i -> j whose parents agree but for i), up to `depth` in a row, and starts anew from every sparser graph it meets.
 *
 * @param values [n, p] observations.
 * @throws CausalPilotError E_INPUT for an option out of range, too few rows, or variables that are combinations of others.
 */
export function greedySparsestPermutation(
  values: ArrayLike<number>,
  size: number,
  options: SparsestPermutationOptions,
): CausalGraph {
  return sparsestPermutations(values, size, options)[0]!;
}

/** The sparsest graphs that the starts ended in, one of each Markov equivalence class, in the order in which they were found. */
export function sparsestPermutations(
  values: ArrayLike<number>,
  size: number,
  { stream, alpha = 1e-3, starts = 10, depth = 4 }: SparsestPermutationOptions,
): CausalGraph[] {
  if (!Number.isInteger(starts) || starts < 1)
    throw new CausalPilotError(
      'E_INPUT',
      `greedySparsestPermutation: 'starts' must be a positive integer, got ${starts}`,
    );
  const sets = new ParentSets(partialCorrelationTest(values, size, alpha));
  const found = Array.from({ length: starts }, (_, start) => {
    const order = [...stream.child('start', start).permutation(size)];
    return descend(sets, orderedDag(sets, order), depth);
  });
  const fewest = Math.min(...found.map(({ edges }) => edges));
  const ofClass = new Map<string, CausalGraph>();
  for (const { parents, edges } of found) {
    if (edges > fewest) continue;
    const graph = CausalGraph.fromEdges(
      size,
      parents.flatMap((set, child) => set.map((parent): [number, number] => [parent, child])),
    );
    const key = equivalenceClass(graph).join('');
    if (!ofClass.has(key)) ofClass.set(key, graph);
  }
  return [...ofClass.values()];
}

/** A causal order with the parents that the data give each variable in it. */
interface OrderedDag {
  readonly order: readonly number[];
  /** [p], ascending parents of each variable. */
  readonly parents: readonly (readonly number[])[];
  readonly edges: number;
}

/** Parents of a variable given the set of variables before it, remembered. */
class ParentSets {
  readonly #known = new Map<string, readonly number[]>();

  constructor(readonly test: PartialCorrelationTest) {}

  of(variable: number, before: readonly number[]): readonly number[] {
    const sorted = before.toSorted((a, b) => a - b);
    const key = `${variable}:${sorted.join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = dependentVariables(this.test, variable, sorted);
    this.#known.set(key, found);
    return found;
  }
}

function orderedDag(sets: ParentSets, order: readonly number[]): OrderedDag {
  const parents = new Array<readonly number[]>(order.length);
  order.forEach((variable, position) => {
    parents[variable] = sets.of(variable, order.slice(0, position));
  });
  return { order, parents, edges: parents.reduce((sum, set) => sum + set.length, 0) };
}

/** Depth-first search over covered edge reversals, restarted from every sparser graph; returns where none is found. */
function descend(sets: ParentSets, start: OrderedDag, depth: number): OrderedDag {
  let current = start;
  for (;;) {
    const sparser = findSparser(sets, current, { target: current.edges, depth, seen: new Set([graphKey(current)]) });
    if (sparser === undefined) return current;
    current = sparser;
  }
}

function findSparser(
  sets: ParentSets,
  from: OrderedDag,
  search: { readonly target: number; readonly depth: number; readonly seen: Set<string> },
): OrderedDag | undefined {
  if (search.depth === 0) return undefined;
  for (const [i, j] of coveredEdges(from)) {
    const next = orderedDag(sets, reversedOrder(from, i, j));
    if (next.edges < search.target) return next;
    const key = graphKey(next);
    if (next.edges > search.target || search.seen.has(key)) continue;
    search.seen.add(key);
    const found = findSparser(sets, next, { ...search, depth: search.depth - 1 });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Edges i -> j with parents(j) = parents(i) + {i}. */
function coveredEdges({ parents }: OrderedDag): [number, number][] {
  return parents.flatMap((ofJ, j) =>
    ofJ
      .filter((i) => {
        const ofI = parents[i]!;
        return ofI.length === ofJ.length - 1 && ofI.every((k) => ofJ.includes(k));
      })
      .map((i): [number, number] => [i, j]),
  );
}

/**
 * A causal order of the DAG with the covered edge i -> j reversed: what lies between them and descends from i goes after j,
 * the rest before, and j takes its place directly before i.
 */
function reversedOrder({ order, parents }: OrderedDag, i: number, j: number): number[] {
  const [first, last] = [order.indexOf(i), order.indexOf(j)];
  const descendants = new Set([i]);
  const between = order.slice(first + 1, last);
  for (const k of between) if (parents[k]!.some((parent) => descendants.has(parent))) descendants.add(k);
  return [
    ...order.slice(0, first),
    ...between.filter((k) => !descendants.has(k)),
    j,
    i,
    ...between.filter((k) => descendants.has(k)),
    ...order.slice(last + 1),
  ];
}

function graphKey({ parents }: OrderedDag): string {
  return parents.map((set) => set.join()).join(';');
}
