import { CausalPilotError } from '../../core/errors.js';
import type { CellTable } from './cell-table.js';

/** Counts that every cell is scaled to, the convention of single-cell tools. */
const COUNTS_PER_CELL = 1e4;

/**
 * Counts as log(1 + 10^4 count / total of the cell), over all genes of the table.
 *
 * @throws CausalPilotError E_INPUT for a negative value or a cell without any count.
 */
export function logNormalise(table: CellTable): CellTable {
  const size = table.genes.length;
  const values = new Float32Array(table.values.length);
  for (let offset = 0; offset < values.length; offset += size) {
    const cell = table.values.subarray(offset, offset + size);
    const total = cell.reduce((sum, value) => sum + value, 0);
    if (!(total > 0) || cell.some((value) => value < 0))
      throw new CausalPilotError(
        'E_INPUT',
        `cells: cell ${offset / size} has ${total > 0 ? 'a negative value' : 'no counts'}; the transform log-normalise needs counts`,
      );
    cell.forEach((value, gene) => {
      values[offset + gene] = Math.log1p((COUNTS_PER_CELL * value) / total);
    });
  }
  return { ...table, values };
}
