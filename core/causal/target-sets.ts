import { CausalPilotError } from '../errors.js';
import { type Intervention, type InterventionKind, intervene } from './intervention.js';

/** Acts on the targets of a signed set [d] (1 or -1 for a target, 0 elsewhere) with its signs times `strength` as values. */
export function interveneBySigns(kind: InterventionKind, signs: Int8Array, strength: number): Intervention {
  const targets = Uint8Array.from(signs, Math.abs);
  const values = Float32Array.from(signs, (sign) => sign * strength);
  return intervene(kind, targets, values);
}

export interface SetSizes {
  /** Fewest and most variables in a set. */
  readonly least: number;
  readonly most: number;
}

export interface SetOptions {
  /** Whether the members of a set have signs, which make sets of their own. */
  readonly signs: boolean;
}

/** Patterns of signs of a set, up to a common one. */
const patternsOf = (members: number, { signs }: SetOptions) => (signs ? 2 ** Math.max(0, members - 1) : 1);

/** Number of sets of `least` to `most` out of `size` variables, each counted as often as `weight` says of its members. */
export function countSets(size: number, { least, most }: SetSizes, weight: (members: number) => number): number {
  let total = 0;
  for (let k = 0, sets = 1; k <= Math.min(most, size); k++) {
    if (k > 0) sets *= (size - k + 1) / k;
    if (k >= least) total += sets * weight(k);
  }
  return Math.round(total);
}

/** Number of sets, signs counted, if all were listed. */
export function countSignedSets(size: number, sizes: SetSizes, options: SetOptions): number {
  return countSets(size, sizes, (members) => patternsOf(members, options));
}

/** Sets beyond this many are not listed: weighing all of them for every decision takes seconds. */
const LONGEST_LIST = 8192;

/**
 * Sets of `least` to `most` out of `size` variables, [S, d]: 1 where a variable belongs to a set and 0 elsewhere. With signs, 1
 * or -1 in every combination up to a common one: the first member of a set has 1. Patterns of a set follow each other.
 *
 * All sets are there unless they are more than 8,192: then those of fewer variables alone, as many as there are in whole sizes.
 *
 * @throws CausalPilotError E_INPUT if there is none, or if those of `least` variables alone are too many.
 */
export function listSignedSets(size: number, { least, most }: SetSizes, options: SetOptions): Int8Array {
  let largest = Math.min(most, size);
  while (largest > least && countSignedSets(size, { least, most: largest }, options) > LONGEST_LIST) largest--;
  const sizes = { least, most: largest };
  const count = countSignedSets(size, sizes, options);
  if (count === 0 || count > LONGEST_LIST)
    throw new CausalPilotError(
      'E_INPUT',
      `target sets: ${size} variables have ${count} sets of ${least}${most > least ? ` to ${most}` : ''} targets${options.signs ? ', signs counted' : ''}, and between 1 and ${LONGEST_LIST} can be weighed; choose other numbers of targets`,
    );
  const listed = new Int8Array(count * size);
  let at = 0;
  for (const set of subsets(size, sizes))
    for (let pattern = 0; pattern < patternsOf(set.length, options); pattern++) {
      set.forEach((variable, member) => {
        listed[at * size + variable] = member > 0 && (pattern >> (member - 1)) & 1 ? -1 : 1;
      });
      at++;
    }
  return listed;
}

/** The small sets first. */
function subsets(size: number, { least, most }: SetSizes): number[][] {
  let sets: number[][] = [[]];
  for (let variable = 0; variable < size; variable++)
    sets = [...sets, ...sets.filter((set) => set.length < most).map((set) => [...set, variable])];
  return sets.filter((set) => set.length >= least).sort((a, b) => a.length - b.length);
}
