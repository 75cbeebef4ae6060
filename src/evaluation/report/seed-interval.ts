/** 97.5 % quantiles of Student's t distribution for 1 to 30 degrees of freedom. */
const STUDENT_QUANTILES = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604, 2.1448, 2.1314,
  2.1199, 2.1098, 2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
];

const NORMAL_QUANTILE = 1.959964;

export interface SeedEstimate {
  readonly mean: number;
  /** 95 % interval of the mean over seeds; null for a single seed, which says nothing about others. */
  readonly ci95: readonly [number, number] | null;
  readonly seeds: number;
}

/** Mean over training seeds with Student's 95 % interval: seeds are few, and each figure is itself a mean of many systems. */
export function estimateOverSeeds(values: readonly number[]): SeedEstimate {
  const seeds = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / seeds;
  if (seeds < 2) return { mean, ci95: null, seeds };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (seeds - 1);
  const half = studentQuantile(seeds - 1) * Math.sqrt(variance / seeds);
  return { mean, ci95: [mean - half, mean + half], seeds };
}

function studentQuantile(degrees: number): number {
  // Beyond the table the first terms of the Cornish-Fisher expansion are exact to four digits.
  const z = NORMAL_QUANTILE;
  return STUDENT_QUANTILES[degrees - 1] ?? z + (z ** 3 + z) / (4 * degrees);
}
