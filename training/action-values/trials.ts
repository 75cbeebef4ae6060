import type { History } from '../../core/causal/history.js';
import type { RandomStream } from '../../core/random/stream.js';

// Shapes: K histories, S sets of targets, d variables.

/** Values [K, S] of sets of targets, [K] of [S, d]. */
export type SetValuation = (histories: readonly History[], sets: readonly Int8Array[]) => Float32Array;

export interface TrialOptions {
  readonly valuation: SetValuation;
  /** [S', d], all sets that may be tried, as `listSignedSets` has them: small ones first. */
  readonly sets: Int8Array;
  /** Sets tried in a state; all where there are no more. */
  readonly candidates: number;
  /** How many of these are the best by the values so far. */
  readonly contenders: number;
}

/** Sets of a state that are valued for each that is tried. */
const VALUED_PER_TRIED = 8;

/**
 * What to try in each of K states, [S, d], the set of highest value first: the contenders among many drawn sets, since a policy
 * is as good as its values are where it looks; then drawn ones, as many of each number of targets.
 */
export function chooseTrials(
  { valuation, sets, candidates, contenders }: TrialOptions,
  histories: readonly History[],
  streams: readonly RandomStream[],
): Int8Array[] {
  const size = histories[0]?.size ?? 1;
  const groups = groupsByTargets(sets, size);
  const pools = streams.map((stream) =>
    gathered(sets, size, balancedDraw(groups, stream.child('sets')).slice(0, VALUED_PER_TRIED * candidates)),
  );
  const pooled = (pools[0]?.length ?? 0) / size;
  const values = valuation(histories, pools);
  return pools.map((pool, k) => {
    const own = values.subarray(k * pooled, (k + 1) * pooled);
    const ranked = Array.from(own.keys()).sort((a, b) => own[b]! - own[a]!);
    const leading = new Set(ranked.slice(0, Math.max(1, contenders)));
    const others = Array.from(own.keys()).filter((at) => !leading.has(at));
    return gathered(pool, size, [...leading, ...others].slice(0, candidates));
  });
}

/** Sets with one number of targets: where they begin in the list, and how many they are. */
interface Group {
  readonly start: number;
  readonly count: number;
}

function groupsByTargets(sets: Int8Array, size: number): Group[] {
  const counts = new Map<number, number>();
  for (let set = 0; set < sets.length / size; set++) {
    let targets = 0;
    for (let at = set * size; at < (set + 1) * size; at++) targets += Math.abs(sets[at]!);
    counts.set(targets, (counts.get(targets) ?? 0) + 1);
  }
  let start = 0;
  return [...counts.values()].map((count) => {
    start += count;
    return { start: start - count, count };
  });
}

/** Numbers of all sets in random order, in turn one of each group as long as it has any. */
function balancedDraw(groups: readonly Group[], stream: RandomStream): number[] {
  const orders = groups.map(({ start, count }) => stream.permutation(count).map((at) => start + at));
  const longest = Math.max(...groups.map(({ count }) => count));
  return Array.from({ length: longest }, (_, turn) => orders.flatMap((order) => order[turn] ?? [])).flat();
}

function gathered(sets: Int8Array, size: number, chosen: readonly number[]): Int8Array {
  const result = new Int8Array(chosen.length * size);
  chosen.forEach((set, s) => {
    result.set(sets.subarray(set * size, (set + 1) * size), s * size);
  });
  return result;
}
