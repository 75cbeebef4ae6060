import { CausalPilotError } from '../core/errors.js';

/** Sets beyond this many are not listed: reading all of them for every decision takes seconds. */
const LARGEST_LIST = 8192;

export interface SetSizes {
  /** Fewest and most variables in a set. */
  readonly least: number;
  readonly most: number;
}

/** Number of sets of `least` to `most` out of `count` variables. */
export function countTargetSets(count: number, { least, most }: SetSizes): number {
  let total = 0;
  for (let k = 0, sets = 1; k <= Math.min(most, count); k++) {
    if (k > 0) sets *= (count - k + 1) / k;
    if (k >= least) total += sets;
  }
  return total;
}

/** All sets of `least` to `most` of the variables, the small ones first; each in the order of `variables`. */
export function allTargetSets(variables: readonly number[], { least, most }: SetSizes): number[][] {
  let sets: number[][] = [[]];
  for (const variable of variables)
    sets = [...sets, ...sets.filter((set) => set.length < most).map((set) => [...set, variable])];
  return sets.filter((set) => set.length >= least).sort((a, b) => a.length - b.length);
}

/**
 * Flags [S, d] of all sets of `least` to `most` out of `size` variables.
 *
 * @throws CausalPilotError E_INPUT if there are more than 8,192.
 */
export function targetSetFlags(size: number, sizes: SetSizes): Uint8Array {
  const count = countTargetSets(size, sizes);
  if (count > LARGEST_LIST)
    throw new CausalPilotError(
      'E_INPUT',
      `target sets: ${size} variables have ${count} sets of ${sizes.least} to ${sizes.most}, more than the ${LARGEST_LIST} that can be weighed against each other; lower policy.head.maximumTargets`,
    );
  const sets = allTargetSets(
    Array.from({ length: size }, (_, variable) => variable),
    sizes,
  );
  const flags = new Uint8Array(sets.length * size);
  sets.forEach((set, s) => {
    for (const variable of set) flags[s * size + variable] = 1;
  });
  return flags;
}
