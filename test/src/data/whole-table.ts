import { fileURLToPath } from 'node:url';
import type { CellSourceOptions } from '../../../src/data/cells/cell-source.js';
import { openCells } from '../../../src/data/open-cells.js';

export const TABLES = fileURLToPath(new URL('../../fixtures/tables/', import.meta.url));

export interface WholeTable {
  readonly genes: readonly string[];
  /** [n, g] row by row. */
  readonly values: number[];
  readonly totals: number[];
  /** [n] */
  readonly labels: (string | null)[];
}

/** A table of cells read to its last value. */
export async function wholeTable(path: string, options: Partial<CellSourceOptions> = {}): Promise<WholeTable> {
  const source = await openCells(path, { perturbationColumn: 'perturbation', ignoredColumns: [], ...options });
  try {
    const columns = [...source.genes.keys()];
    const cells = Int32Array.from({ length: source.cells }, (_, cell) => cell);
    const { values, totals } = await source.read({ columns, cells, totals: true });
    const { names, codes } = source.labels;
    return {
      genes: source.genes,
      values: [...values],
      totals: [...totals!],
      labels: Array.from(codes, (code) => names[code] ?? null),
    };
  } finally {
    source.close();
  }
}
