import { solveInPlace } from '../structure/solve.js';

// Shapes: n rows, q inputs, m outputs.

/** y = intercept + weights x. */
export interface LinearReadout {
  /** [m, q] */
  readonly weights: Float64Array;
  /** [m] */
  readonly intercepts: Float64Array;
}

export interface RidgeFit extends LinearReadout {
  /** [n, m]: prediction of every row by a fit without it. */
  readonly leftOut: Float64Array;
  /** [n]: posterior variance of a reading of every row by a fit without it, weights having prior variance 1. */
  readonly leftOutVariances: Float64Array;
  /** [q, q]: posterior covariance of the weights, penalty (X'X + penalty)^-1. */
  readonly covariance: Float64Array;
}

/**
 * Ridge regression with an intercept that is not penalised, and what each row would be predicted as without it:
 * y - (y - fit) / (1 - h), h the row's leverage.
 *
 * @param inputs [n] of [q]
 * @param outputs [n] of [m]
 */
export function ridge(
  inputs: readonly ArrayLike<number>[],
  outputs: readonly ArrayLike<number>[],
  penalty: number,
): RidgeFit {
  const [rows, q, m] = [inputs.length, inputs[0]?.length ?? 0, outputs[0]?.length ?? 0];
  const [inputMeans, outputMeans] = [meansOf(inputs, q), meansOf(outputs, m)];
  const x = inputs.map((row) => Float64Array.from(inputMeans, (mean, i) => row[i]! - mean));
  const gram = (): Float64Array => {
    const matrix = new Float64Array(q * q);
    for (const row of x)
      for (let i = 0; i < q; i++) for (let j = 0; j < q; j++) matrix[i * q + j]! += row[i]! * row[j]!;
    for (let i = 0; i < q; i++) matrix[i * (q + 1)]! += penalty;
    return matrix;
  };
  const matrix = gram();
  const weights = new Float64Array(m * q);
  for (let output = 0; output < m; output++) {
    const right = new Float64Array(q);
    x.forEach((row, k) => {
      for (let i = 0; i < q; i++) right[i]! += row[i]! * (outputs[k]![output]! - outputMeans[output]!);
    });
    weights.set(solveInPlace(matrix.slice(), right), output * q);
  }
  const intercepts = outputMeans.map((mean, o) => mean - dot(weights, inputMeans, o * q));
  const leftOut = new Float64Array(rows * m);
  const leftOutVariances = new Float64Array(rows);
  x.forEach((row, k) => {
    const own = dot(solveInPlace(matrix.slice(), row.slice()), row);
    const leverage = 1 / rows + own;
    leftOutVariances[k] = (penalty * own) / Math.max(1 - own, 1e-9);
    for (let o = 0; o < m; o++) {
      const error = outputs[k]![o]! - outputMeans[o]! - dot(weights, row, o * q);
      leftOut[k * m + o] = outputs[k]![o]! - error / Math.max(1 - leverage, 1e-9);
    }
  });
  const covariance = new Float64Array(q * q);
  for (let i = 0; i < q; i++) {
    const unit = new Float64Array(q);
    unit[i] = penalty;
    covariance.set(solveInPlace(matrix.slice(), unit), i * q);
  }
  return { weights, intercepts, leftOut, leftOutVariances, covariance };
}

/** [m] */
export function readOut({ weights, intercepts }: LinearReadout, input: Float64Array): Float64Array {
  return intercepts.map((intercept, output) => intercept + dot(weights, input, output * input.length));
}

function meansOf(rows: readonly ArrayLike<number>[], width: number): Float64Array {
  return Float64Array.from({ length: width }, (_, i) => rows.reduce((sum, row) => sum + row[i]! / rows.length, 0));
}

/** sum_i a[offset + i] b[i] */
export function dot(a: Float64Array, b: Float64Array, offset = 0): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[offset + i]! * b[i]!;
  return sum;
}
