import { inverse, Matrix } from 'ml-matrix';
import { CausalPilotError, checkShape } from '../../core/errors.js';

// Shapes: n rows, p variables.

/** Values that differ by no more than this share of the largest one are rounding of a constant. */
const ROUNDING = 4 * Number.EPSILON;
/** A variable with less than this share of its variance left by others is a combination of them. */
const COLLINEAR = 1e-9;

/** Sample correlation matrix [p, p] of `values` [n, p]; a variable that never varies is correlated with itself alone. */
export function sampleCorrelation(values: ArrayLike<number>, size: number): Matrix {
  const rows = values.length / size;
  checkShape('sampleCorrelation', 'values', [values.length], [Math.floor(rows) * size]);
  if (rows < 2) throw new CausalPilotError('E_INPUT', `sampleCorrelation: needs at least 2 rows, got ${rows}`);
  const columns = Array.from({ length: size }, (_, i) => unitColumn(values, size, i));
  const correlation = Matrix.eye(size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += columns[i]![row]! * columns[j]![row]!;
      correlation.set(i, j, sum);
      correlation.set(j, i, sum);
    }
  return correlation;
}

/** Column `i` about its mean, of length 1; zeros where it never varies. Divided by its range first, so that no square overflows. */
function unitColumn(values: ArrayLike<number>, size: number, i: number): Float64Array {
  const column = Float64Array.from({ length: values.length / size }, (_, row) => values[row * size + i]!);
  let [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of column) {
    minimum = Math.min(minimum, value);
    maximum = Math.max(maximum, value);
  }
  const range = maximum - minimum;
  if (!(range > ROUNDING * Math.max(Math.abs(minimum), Math.abs(maximum)))) return column.fill(0);
  const scaled = column.map((value) => (value - minimum) / range);
  const mean = scaled.reduce((sum, value) => sum + value, 0) / scaled.length;
  const centred = scaled.map((value) => value - mean);
  const length = Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0));
  return centred.map((value) => value / length);
}

/** A variable that is a combination of others, and which: found by the Cholesky factor of a correlation matrix. */
export function findCollinear(correlation: Matrix): { readonly variable: number; readonly of: number[] } | undefined {
  const size = correlation.rows;
  const factor = Matrix.zeros(size, size);
  for (let i = 0; i < size; i++) {
    let left = correlation.get(i, i);
    for (let j = 0; j < i; j++) {
      let sum = correlation.get(i, j);
      for (let m = 0; m < j; m++) sum -= factor.get(i, m) * factor.get(j, m);
      factor.set(i, j, sum / factor.get(j, j));
      left -= factor.get(i, j) ** 2;
    }
    if (left < COLLINEAR) return { variable: i, of: combined(factor, i) };
    factor.set(i, i, Math.sqrt(left));
  }
  return undefined;
}

/** Which earlier variables have weight in the regression of variable `i`, by back substitution. */
function combined(factor: Matrix, i: number): number[] {
  const weights = new Float64Array(i);
  for (let r = i - 1; r >= 0; r--) {
    let sum = factor.get(i, r);
    for (let c = r + 1; c < i; c++) sum -= factor.get(c, r) * weights[c]!;
    weights[r] = sum / factor.get(r, r);
  }
  return Array.from(weights.keys()).filter((r) => Math.abs(weights[r]!) > Math.sqrt(COLLINEAR));
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
  const precision = inverse(test.correlation.selection(all, all));
  const scale = Math.sqrt(Math.max(0, test.rows - conditions.length - 2));
  return conditions.filter((_, index) => {
    const product = precision.get(0, 0) * precision.get(index + 1, index + 1);
    const correlation = -precision.get(0, index + 1) / Math.sqrt(product);
    return Math.abs(Math.atanh(Math.max(-1, Math.min(1, correlation)))) * scale > test.threshold;
  });
}

export interface PartialCorrelationTest {
  /** [p, p] */
  readonly correlation: Matrix;
  readonly rows: number;
  /** z of the two-sided test. */
  readonly threshold: number;
}

/**
 * The test on `values` [n, p] at two-sided significance `alpha`. Variables that never vary depend on nothing. Units and offsets
 * of the variables do not matter.
 *
 * @throws CausalPilotError E_INPUT when alpha is not in (0, 1), there are too few rows for the largest condition set, or a
 * variable is a linear combination of others.
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
  const correlation = sampleCorrelation(values, size);
  const collinear = findCollinear(correlation);
  if (collinear !== undefined)
    throw new CausalPilotError(
      'E_INPUT',
      `partialCorrelationTest: variable ${collinear.variable} is a linear combination of ${collinear.of.join(', ')}; leave one of them out`,
    );
  return { correlation, rows, threshold: upperNormalQuantile(alpha / 2) };
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
