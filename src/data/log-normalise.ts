/** Counts that every cell is scaled to, the convention of single-cell tools. */
const COUNTS_PER_CELL = 1e4;

/**
 * Counts as log(1 + 10^4 count / total of the cell), written over `values` [n, k]; `totals` [n] are over all genes of the
 * table and positive.
 */
export function logNormalise(values: Float64Array, totals: Float64Array): void {
  const size = values.length / totals.length;
  for (let entry = 0; entry < values.length; entry++) {
    const total = totals[Math.floor(entry / size)]!;
    values[entry] = Math.log1p((COUNTS_PER_CELL * values[entry]!) / total);
  }
}
