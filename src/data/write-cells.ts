import { extname } from 'node:path';
import { writeFileAtomic } from '../../core/checkpoint/files.js';
import { CausalPilotError } from '../../core/errors.js';
import type { ScreenCells } from '../../envs/sergio/screen.js';
import { batchName, cellName, cellTypeName } from './cells/cell-names.js';

/** Digits of clean expression in a text file; counts are whole numbers and written in full. */
const DIGITS = 7;

/** @throws CausalPilotError E_INPUT unless the name ends in .csv or .h5ad. */
export function checkCellsPath(path: string): void {
  if (!['.csv', '.h5ad'].includes(extname(path).toLowerCase()))
    throw new CausalPilotError('E_INPUT', `${path}: cells can be written as .csv or .h5ad; name the file so`);
}

/** Writes cells with their cell type and perturbation, whole or not at all, in the format that the name says. */
export async function writeCells(path: string, cells: ScreenCells): Promise<void> {
  checkCellsPath(path);
  if (extname(path).toLowerCase() === '.csv') return writeFileAtomic(path, formatCsv(cells));
  const { writeH5adCells } = await import('./h5ad/h5ad-writer.js');
  await writeH5adCells(path, cells);
}

/** A header line, then one line per cell: name, cell type, batch if there are several, perturbation, the genes. */
function formatCsv({ genes, values, cellTypes, batches, perturbations }: ScreenCells): string {
  const batch = batches === undefined ? [] : ['batch'];
  const lines = [['cell', 'cell_type', ...batch, 'perturbation', ...genes].map(quoted).join(',')];
  perturbations.forEach((label, cell) => {
    const row = values.subarray(cell * genes.length, (cell + 1) * genes.length);
    const numbers = Array.from(row, (value) => String(Number(value.toPrecision(DIGITS))));
    const labels = [
      cellTypeName(cellTypes[cell] ?? 0),
      ...(batches === undefined ? [] : [batchName(batches[cell] ?? 0)]),
    ];
    lines.push([cellName(cell), ...labels, quoted(label), ...numbers].join(','));
  });
  return `${lines.join('\n')}\n`;
}

function quoted(field: string): string {
  return /[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
