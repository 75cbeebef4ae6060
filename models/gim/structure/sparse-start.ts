import type { TargetFlags } from './node-regressions.js';
import type { ScreenMoments } from './screen-moments.js';
import { solveInPlace } from './solve.js';

// Shapes: d variables, K contexts.

/** Rounds of reweighted least squares. */
const ROUNDS = 12;
/** Residuals and coefficients below this count as equal to it. */
const SMALLEST = 1e-3;
/** Residual means beyond this many median absolute residuals are targets. */
const OUTLYING = 3.5;

/**
 * Targets before any graph is known. For each variable, least absolute deviations of its context means on those of all others
 * with an L1 penalty: a variable is a target in few contexts, so its structural equation holds in most of them, and a target
 * is an outlier. The minimum is approached by reweighted least squares.
 *
 * @param penalty - Per coefficient, relative to the mean absolute deviation.
 * @returns [K, d]
 */
export function sparseStart(moments: ScreenMoments, penalty: number): TargetFlags {
  const { size, contexts, basis } = moments;
  const columns = basis.functions.length;
  const means = contexts.flatMap(({ mean }) => Array.from({ length: size }, (_, i) => mean[i * columns]!));
  const targets = new Uint8Array(contexts.length * size);
  for (let node = 0; node < size; node++) {
    const residuals = leastAbsoluteResiduals(Float64Array.from(means), size, node, penalty);
    const median = residuals.map(Math.abs).sort()[Math.floor(residuals.length / 2)]!;
    residuals.forEach((residual, k) => {
      if (Math.abs(residual) > OUTLYING * median) targets[k * size + node] = 1;
    });
  }
  return targets;
}

/** Residuals [K] of column `node` of `means` [K, d]. */
function leastAbsoluteResiduals(means: Float64Array, size: number, node: number, penalty: number): Float64Array {
  const rows = means.length / size;
  const others = Array.from({ length: size }, (_, i) => i).filter((i) => i !== node);
  const n = others.length;
  let residuals: Float64Array = Float64Array.from({ length: rows }, (_, k) => means[k * size + node]!);
  let coefficients: Float64Array = new Float64Array(n).fill(1);
  for (let round = 0; round < ROUNDS; round++) {
    const matrix = new Float64Array(n * n);
    const right = new Float64Array(n);
    for (let k = 0; k < rows; k++) {
      const weight = 1 / Math.max(Math.abs(residuals[k]!), SMALLEST);
      for (let i = 0; i < n; i++) {
        const value = weight * means[k * size + others[i]!]!;
        right[i]! += value * means[k * size + node]!;
        for (let j = 0; j <= i; j++) matrix[i * n + j]! += value * means[k * size + others[j]!]!;
      }
    }
    for (let i = 0; i < n; i++) matrix[i * n + i]! += (penalty * rows) / Math.max(Math.abs(coefficients[i]!), SMALLEST);
    coefficients = solveInPlace(matrix, right);
    residuals = Float64Array.from({ length: rows }, (_, k) => {
      let sum = means[k * size + node]!;
      for (let i = 0; i < n; i++) sum -= coefficients[i]! * means[k * size + others[i]!]!;
      return sum;
    });
  }
  return residuals;
}
