import { CausalPilotError } from '../core/errors.js';

export interface SetSizes {
  /** Fewest and most variables in a set. */
  readonly least: number;
  readonly most: number;
}

/** Number of sets of `least` to `most` out of `count` variables. */
export function countTargetSets(count: number, sizes: SetSizes): number {
  return countByOwnSize(count, sizes, () => 1);
}

/** All sets of `least` to `most` of the variables, the small ones first; each in the order of `variables`. */
export function allTargetSets(variables: readonly number[], { least, most }: SetSizes): number[][] {
  let sets: number[][] = [[]];
  for (const variable of variables)
    sets = [...sets, ...sets.filter((set) => set.length < most).map((set) => [...set, variable])];
  return sets.filter((set) => set.length >= least).sort((a, b) => a.length - b.length);
}

/** Sets beyond this many are not listed: weighing all of them for every decision takes seconds. */
const LARGEST_LIST = 8192;

/**
 * All sets of `least` to `most` out of `size` variables, [S, d]: 1 where a variable belongs to a set and 0 elsewhere. With
 * `signs`, 1 or -1: every combination of signs up to a common one, so the first member of a set has 1.
 *
 * @throws CausalPilotError E_INPUT if there are more than 8,192.
 */
export function listSignedSets(size: number, sizes: SetSizes, { signs }: { readonly signs: boolean }): Int8Array {
  const patterns = (members: number) => (signs ? 2 ** Math.max(0, members - 1) : 1);
  const count = countByOwnSize(size, sizes, patterns);
  if (count > LARGEST_LIST)
    throw new CausalPilotError(
      'E_INPUT',
      `policy: ${size} variables have ${count} sets of ${sizes.least} to ${sizes.most} targets${signs ? ', signs counted' : ''}, more than the ${LARGEST_LIST} that can be weighed for a decision; lower policy.head.maximumTargets`,
    );
  const listed = new Int8Array(count * size);
  let at = 0;
  for (const set of allTargetSets([...Array(size).keys()], sizes))
    for (let pattern = 0; pattern < patterns(set.length); pattern++) {
      set.forEach((variable, member) => {
        listed[at * size + variable] = member > 0 && (pattern >> (member - 1)) & 1 ? -1 : 1;
      });
      at++;
    }
  return listed;
}

function countByOwnSize(count: number, { least, most }: SetSizes, weight: (members: number) => number): number {
  let total = 0;
  for (let k = 0, sets = 1; k <= Math.min(most, count); k++) {
    if (k > 0) sets *= (count - k + 1) / k;
    if (k >= least) total += sets * weight(k);
  }
  return Math.round(total);
}
