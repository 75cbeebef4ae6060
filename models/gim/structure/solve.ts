import { CausalPilotError } from '../../../core/errors.js';

/**
 * Solves A x = b for a symmetric positive definite A [n, n] by Cholesky's factor, in place: `matrix` becomes the factor,
 * `vector` the solution.
 *
 * @throws CausalPilotError E_NUMERIC where A is not positive definite.
 */
export function solveInPlace(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[i * n + k]! * matrix[j * n + k]!;
      if (i !== j) matrix[i * n + j] = sum / matrix[j * n + j]!;
      else if (sum > 0) matrix[i * n + i] = Math.sqrt(sum);
      else
        throw new CausalPilotError(
          'E_NUMERIC',
          'gim: a regression has no unique answer: a variable or feature is a linear combination of others; leave it out',
        );
    }
    let sum = vector[i]!;
    for (let k = 0; k < i; k++) sum -= matrix[i * n + k]! * vector[k]!;
    vector[i] = sum / matrix[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = vector[i]!;
    for (let k = i + 1; k < n; k++) sum -= matrix[k * n + i]! * vector[k]!;
    vector[i] = sum / matrix[i * n + i]!;
  }
  return vector;
}
