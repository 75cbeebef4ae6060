import { columnMeans } from '../causal/column-moments.js';
import { mean, type RowSets, squaredDistances } from './point-distances.js';

/** Euclidean norm of mean(x) - mean(y). */
export function meanError({ x, y, size }: RowSets): number {
  const other = columnMeans(y, size);
  return Math.hypot(...columnMeans(x, size).map((value, i) => value - other[i]!));
}

/**
 * Szekely and Rizzo's energy distance, squared: 2 E|X-Y| - E|X-X'| - E|Y-Y'| over all pairs, those of a row with itself
 * included. Tables that say "energy distance" without a word mean either this or its root.
 */
export function energyDistanceSquared({ x, y, size }: RowSets): number {
  const between = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    mean(squaredDistances({ x: a, y: b, size }).map(Math.sqrt));
  return Math.max(0, 2 * between(x, y) - between(x, x) - between(y, y));
}

export function energyDistance(sets: RowSets): number {
  return Math.sqrt(energyDistanceSquared(sets));
}

/** Squared maximum mean discrepancy with the kernel exp(-|u-v|^2 / (2 bandwidth^2)). */
export interface KernelDiscrepancy {
  /** All pairs, the diagonal included: never negative. */
  readonly squaredBiased: number;
  /** Without pairs of a row with itself: unbiased, may be negative; null where a set has one row. */
  readonly squaredUnbiased: number | null;
}

export function kernelDiscrepancy({ x, y, size }: RowSets, bandwidth: number): KernelDiscrepancy {
  const kernelMean = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    mean(squaredDistances({ x: a, y: b, size }).map((square) => Math.exp(-square / (2 * bandwidth * bandwidth))));
  const [xx, yy, xy] = [kernelMean(x, x), kernelMean(y, y), kernelMean(x, y)];
  const [n, m] = [x.length / size, y.length / size];
  const withoutDiagonal = (all: number, rows: number) => (all * rows - 1) / (rows - 1);
  return {
    squaredBiased: Math.max(0, xx + yy - 2 * xy),
    squaredUnbiased: n < 2 || m < 2 ? null : withoutDiagonal(xx, n) + withoutDiagonal(yy, m) - 2 * xy,
  };
}
