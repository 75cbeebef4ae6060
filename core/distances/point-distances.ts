import { checkShape } from '../errors.js';

// Shapes: x [n, d], y [m, d]; every row has equal weight.

/** Two sets of rows with as many columns. */
export interface RowSets {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** d */
  readonly size: number;
}

/** |x_i - y_j|^2 for all pairs: [n, m]. @throws CausalPilotError E_SHAPE for sets without rows or of odd length. */
export function squaredDistances({ x, y, size }: RowSets): Float64Array {
  const [n, m] = [rowCount('x', x, size), rowCount('y', y, size)];
  const result = new Float64Array(n * m);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let c = 0; c < size; c++) sum += (x[i * size + c]! - y[j * size + c]!) ** 2;
      result[i * m + j] = sum;
    }
  return result;
}

function rowCount(argument: string, values: ArrayLike<number>, size: number): number {
  const rows = Math.floor(values.length / size);
  checkShape('distances', argument, [values.length], [Math.max(1, rows) * size]);
  return rows;
}

export function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
