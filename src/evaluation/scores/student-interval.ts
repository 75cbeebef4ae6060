/** 97.5 % quantiles of Student's t distribution for 1 to 30 degrees of freedom. */
const STUDENT_QUANTILES = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604, 2.1448, 2.1314,
  2.1199, 2.1098, 2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
];

const NORMAL_QUANTILE = 1.959964;

/** Mean with Student's 95 % interval, for values so few that a bootstrap is too narrow; without interval for a single value. */
export function studentInterval(values: readonly number[]): {
  readonly mean: number;
  readonly ci95: readonly [number, number] | null;
} {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean, ci95: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const half = studentQuantile(count - 1) * Math.sqrt(variance / count);
  return { mean, ci95: [mean - half, mean + half] };
}

function studentQuantile(degrees: number): number {
  // Beyond the table the first terms of the Cornish-Fisher expansion are exact to four digits.
  const z = NORMAL_QUANTILE;
  return STUDENT_QUANTILES[degrees - 1] ?? z + (z ** 3 + z) / (4 * degrees);
}
