import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { CausalPilotError } from '../../core/errors.js';
import type { CellTable, CellTableOptions } from './cell-table.js';
import { readCsvCells } from './csv-cells.js';

/**
 * Cells from a .csv (a header with gene names; one line per cell) or an AnnData .h5ad (`X` dense, csr or csc; the perturbation
 * in `obs`, categorical or text).
 *
 * @throws CausalPilotError E_INPUT naming file and place for anything that cannot be read.
 */
export async function readCells(path: string, options: CellTableOptions): Promise<CellTable> {
  const extension = extname(path).toLowerCase();
  if (extension !== '.csv' && extension !== '.h5ad')
    throw new CausalPilotError('E_INPUT', `${path}: a table of cells must be a .csv or .h5ad file`);
  if (!existsSync(path)) throw new CausalPilotError('E_INPUT', `${path}: there is no such file`);
  if (extension === '.csv') return readCsvCells(path, options);
  const { readH5adCells } = await import('./h5ad-cells.js');
  return readH5adCells(path, options.perturbationColumn);
}
