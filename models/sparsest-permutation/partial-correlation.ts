import { inverse, Matrix } from 'ml-matrix';
import { CausalPilotError, checkShape } from '../../core/errors.js';

// Shapes: n rows, p variables.

/** Sample covariance [p, p] of `values` [n, p], divided by n - 1. */
export function sampleCovariance(values: ArrayLike<number>, size: number): Matrix {
  const rows = values.length / size;
  checkShape('sampleCovariance', 'values', [values.length], [Math.floor(rows) * size]);
  if (rows < 2) throw new CausalPilotError('E_INPUT', `sampleCovariance: needs at least 2 rows, got ${rows}`);
  const mean = new Float64Array(size);
  for (let entry = 0; entry < values.length; entry++) mean[entry % size]! += values[entry]! / rows;
  const covariance = Matrix.zeros(size, size);
  const centred = new Float64Array(size);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < size; i++) centred[i] = values[row * size + i]! - mean[i]!;
    for (let i = 0; i < size; i++)
      for (let j = 0; j <= i; j++)
        covariance.set(i, j, covariance.get(i, j) + (centred[i]! * centred[j]!) / (rows - 1));
  }
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) covariance.set(j, i, covariance.get(i, j));
  return covariance;
}

/**
 * Which variables of `conditions` depend on `variable` given all the other ones: Fisher's z test of the partial correlation,
 * |atanh r| sqrt(n - |given| - 3) > z with |given| = |conditions| - 1. One matrix inverse answers for all of them.
 */
export function dependentVariables(
  test: PartialCorrelationTest,
  variable: number,
  conditions: readonly number[],
): number[] {
  if (conditions.length === 0) return [];
  const all = [variable, ...conditions];
  const precision = inverse(test.covariance.selection(all, all));
  const scale = Math.sqrt(Math.max(0, test.rows - conditions.length - 2));
  return conditions.filter((_, index) => {
    const product = precision.get(0, 0) * precision.get(index + 1, index + 1);
    const correlation = -precision.get(0, index + 1) / Math.sqrt(product);
    return Math.abs(Math.atanh(Math.max(-1, Math.min(1, correlation)))) * scale > test.threshold;
  });
}

export interface PartialCorrelationTest {
  readonly covariance: Matrix;
  readonly rows: number;
  /** z of the two-sided test. */
  readonly threshold: number;
}

/**
 * The test on `values` [n, p] at two-sided significance `alpha`. Variables that never vary get a variance of 1 and depend on
 * nothing.
 *
 * @throws CausalPilotError E_INPUT when alpha is not in (0, 1) or there are too few rows for the largest condition set.
 */
export function partialCorrelationTest(values: ArrayLike<number>, size: number, alpha: number): PartialCorrelationTest {
  if (!(alpha > 0 && alpha < 1))
    throw new CausalPilotError('E_INPUT', `partialCorrelationTest: 'alpha' must lie between 0 and 1, got ${alpha}`);
  const rows = values.length / size;
  if (rows < size + 3)
    throw new CausalPilotError(
      'E_INPUT',
      `partialCorrelationTest: ${size} variables need at least ${size + 3} rows, got ${rows}`,
    );
  const covariance = sampleCovariance(values, size);
  for (let i = 0; i < size; i++) if (!(covariance.get(i, i) > 0)) covariance.set(i, i, 1);
  return { covariance, rows, threshold: upperNormalQuantile(alpha / 2) };
}

/** z with P(Z > z) = probability for a standard normal Z, by bisection; probability in (1e-15, 0.5]. */
export function upperNormalQuantile(probability: number): number {
  let low = 0;
  let high = 8;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (upperNormalTail(middle) > probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(Z > z) for z >= 0: 1/2 - phi(z) (z + z^3/3 + z^5/(3 5) + ...). */
function upperNormalTail(z: number): number {
  let term = z;
  let sum = z;
  for (let odd = 3; term > 1e-18 * sum; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return 0.5 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}
