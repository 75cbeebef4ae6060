import { CausalPilotError } from '../../core/errors.js';

/** Which shifts may be chosen. The ball is {|a|_2 <= radius}; candidates are enumerated. */
export type FeasibleSet =
  | { readonly kind: 'ball'; readonly radius: number }
  | { readonly kind: 'box'; readonly lower: number; readonly upper: number }
  | { readonly kind: 'finite'; readonly candidates: readonly Float64Array[] };

/** Sets on which a point can be moved to its nearest feasible one. */
export type ConvexSet = Exclude<FeasibleSet, { kind: 'finite' }>;

export const UNIT_BALL: ConvexSet = { kind: 'ball', radius: 1 };

/** @throws CausalPilotError E_INPUT for an empty or misshapen set. */
export function checkFeasibleSet(set: FeasibleSet, size: number): void {
  if (set.kind === 'ball' && !(set.radius > 0))
    throw new CausalPilotError('E_INPUT', `FeasibleSet: the ball's 'radius' must be positive, got ${set.radius}`);
  if (set.kind === 'box' && !(set.lower < set.upper))
    throw new CausalPilotError('E_INPUT', `FeasibleSet: the box needs lower < upper, got [${set.lower}, ${set.upper}]`);
  if (set.kind !== 'finite') return;
  if (set.candidates.length === 0)
    throw new CausalPilotError('E_INPUT', 'FeasibleSet: a finite set needs at least one candidate intervention');
  for (const [index, candidate] of set.candidates.entries())
    if (candidate.length !== size || !candidate.every(Number.isFinite))
      throw new CausalPilotError(
        'E_INPUT',
        `FeasibleSet: candidate ${index} must hold ${size} finite numbers, got ${candidate.length} entries`,
      );
}

/** The length by which shifts of a set are measured: of its longest one, or the largest entry in a box. */
export function lengthUnit(set: FeasibleSet): number {
  if (set.kind === 'ball') return set.radius;
  if (set.kind === 'box') return Math.max(Math.abs(set.lower), Math.abs(set.upper));
  return Math.max(...set.candidates.map((candidate) => Math.hypot(...candidate))) || 1;
}

/** The set with every length divided by `unit`. */
export function inUnits(set: ConvexSet, unit: number): ConvexSet {
  return set.kind === 'ball'
    ? { kind: 'ball', radius: set.radius / unit }
    : { kind: 'box', lower: set.lower / unit, upper: set.upper / unit };
}

/**
 * E[(a_i - b_i)^2] for every i, with a spread evenly over the set: over the sphere of a ball (1/p + b_i^2 at radius 1; the
 * measure of Zhang et al. 2023, proposition 2), over a box, or over a finite list.
 */
export function meanSquaredGap(set: FeasibleSet, estimate: Float64Array): Float64Array {
  if (set.kind === 'ball') return estimate.map((b) => set.radius ** 2 / estimate.length + b * b);
  if (set.kind === 'box') {
    const mean = (set.lower + set.upper) / 2;
    const variance = (set.upper - set.lower) ** 2 / 12;
    return estimate.map((b) => variance + (mean - b) ** 2);
  }
  return estimate.map((b, i) => {
    const total = set.candidates.reduce((sum, candidate) => sum + (candidate[i]! - b) ** 2, 0);
    return total / set.candidates.length;
  });
}

/** The nearest point of a ball or box, written over `point`. */
export function project(set: ConvexSet, point: Float64Array): Float64Array {
  if (set.kind === 'box') {
    for (let i = 0; i < point.length; i++) point[i] = Math.min(set.upper, Math.max(set.lower, point[i]!));
    return point;
  }
  const length = Math.hypot(...point);
  if (length > set.radius) for (let i = 0; i < point.length; i++) point[i]! *= set.radius / length;
  return point;
}
