import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import h5wasm, { File, type Group } from 'h5wasm/node';
import type { ScreenCells } from '../../../envs/sergio/screen.js';
import { batchName, cellName, cellTypeName } from '../cells/cell-names.js';

// The AnnData on-disk format, version 0.1.0: X as a dense array, `obs` and `var` as data frames of string columns.

/** Cells as an .h5ad file: `X` [cells, genes], `obs` with `cell_type`, `perturbation` and `batch` if there are several, gene names in `var`. */
export async function writeH5adCells(path: string, cells: ScreenCells): Promise<void> {
  await h5wasm.ready;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = new File(temporary, 'w');
    try {
      fillFile(file, cells);
    } finally {
      file.close();
    }
    renameSync(temporary, path);
  } finally {
    if (existsSync(temporary)) rmSync(temporary);
  }
}

function fillFile(file: File, { genes, values, cellTypes, batches, perturbations }: ScreenCells): void {
  file.create_attribute('encoding-type', 'anndata');
  file.create_attribute('encoding-version', '0.1.0');
  const matrix = file.create_dataset({ name: 'X', data: values, shape: [perturbations.length, genes.length] });
  matrix.create_attribute('encoding-type', 'array');
  matrix.create_attribute('encoding-version', '0.2.0');
  addFrame(file, 'obs', {
    names: perturbations.map((_, cell) => cellName(cell)),
    columns: {
      cell_type: Array.from(cellTypes, cellTypeName),
      ...(batches === undefined ? {} : { batch: Array.from(batches, batchName) }),
      perturbation: perturbations,
    },
  });
  addFrame(file, 'var', { names: genes, columns: {} });
}

interface Frame {
  readonly names: readonly string[];
  readonly columns: Readonly<Record<string, readonly string[]>>;
}

function addFrame(file: File, name: string, { names, columns }: Frame): void {
  const frame = file.create_group(name);
  frame.create_attribute('encoding-type', 'dataframe');
  frame.create_attribute('encoding-version', '0.2.0');
  frame.create_attribute('_index', '_index');
  const columnNames = Object.keys(columns);
  // HDF5 attributes without entries need a type of their own, which h5wasm cannot infer from an empty list.
  if (columnNames.length > 0) frame.create_attribute('column-order', columnNames);
  else frame.create_attribute('column-order', new Float64Array(0), [0], '<d');
  addStrings(frame, '_index', names);
  for (const [column, labels] of Object.entries(columns)) addStrings(frame, column, labels);
}

function addStrings(frame: Group, name: string, strings: readonly string[]): void {
  const column = frame.create_dataset({ name, data: [...strings] });
  column.create_attribute('encoding-type', 'string-array');
  column.create_attribute('encoding-version', '0.2.0');
}
