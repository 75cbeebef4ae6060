import { readFileSync } from 'node:fs';
import { CausalPilotError } from '../../core/errors.js';
import type { CellTable, CellTableOptions } from './cell-table.js';

/**
 * Cells from comma-separated values with a header line. A first column without a name (row labels) and `ignoredColumns` are
 * passed over; all others but the perturbation must hold numbers.
 */
export function readCsvCells(path: string, { perturbationColumn, ignoredColumns }: CellTableOptions): CellTable {
  const lines = readText(path).split(/\r?\n/);
  const header = splitRecord(lines[0] ?? '');
  const perturbation = header.indexOf(perturbationColumn);
  if (perturbation === -1)
    throw new CausalPilotError('E_INPUT', `${path}, line 1: there is no column '${perturbationColumn}'`);
  const columns = header.flatMap((name, column) =>
    column === perturbation || (column === 0 && name === '') || ignoredColumns.includes(name) ? [] : [column],
  );
  const genes = columns.map((column) => header[column] ?? '');
  const repeated = genes.find((gene, position) => genes.indexOf(gene) !== position);
  if (repeated !== undefined)
    throw new CausalPilotError('E_INPUT', `${path}, line 1: there are two columns '${repeated}'`);
  const values: number[] = [];
  const perturbations: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line === '') continue;
    const fields = splitRecord(line);
    if (fields.length !== header.length)
      throw new CausalPilotError(
        'E_INPUT',
        `${path}, line ${index + 1}: ${fields.length} fields where the header has ${header.length}`,
      );
    perturbations.push(fields[perturbation] ?? '');
    for (const column of columns) {
      const text = fields[column] ?? '';
      const value = text.trim() === '' ? Number.NaN : Number(text);
      if (!Number.isFinite(value))
        throw new CausalPilotError(
          'E_INPUT',
          `${path}, line ${index + 1}, column '${header[column]}': '${text}' is not a number; list the column in ignoredColumns if it is not a gene`,
        );
      values.push(value);
    }
  }
  return { genes, values: Float32Array.from(values), perturbations };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new CausalPilotError('E_INPUT', `${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
}

/** The fields of one line; quoted fields may hold commas and doubled quotes, not line breaks. */
function splitRecord(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  return Array.from(`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^",]*))/g), ([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  );
}
