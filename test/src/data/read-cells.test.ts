import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import h5wasm, { File, type Group } from 'h5wasm/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCells } from '../../../src/data/read-cells.js';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-cells-'));
  await h5wasm.ready;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OPTIONS = { perturbationColumn: 'perturbation', ignoredColumns: ['cell_type'] };
const TABLE = {
  genes: ['A', 'B', 'C'],
  values: Float32Array.of(1, 0, 2.5, 0, 0, 3),
  perturbations: ['control', 'B'],
};

function csv(text: string): string {
  const path = join(folder, `cells-${Math.abs(hash(text))}.csv`);
  writeFileSync(path, text);
  return path;
}

function hash(text: string): number {
  return [...text].reduce((sum, character) => (31 * sum + (character.codePointAt(0) ?? 0)) | 0, 7);
}

type Fill = (file: File) => void;

function h5ad(name: string, ...parts: Fill[]): string {
  const path = join(folder, `${name}.h5ad`);
  const file = new File(path, 'w');
  for (const fill of parts) fill(file);
  file.close();
  return path;
}

const varNames: Fill = (file) => {
  const table = file.create_group('var');
  table.create_attribute('_index', 'gene');
  table.create_dataset({ name: 'gene', data: ['A', 'B', 'C'] });
};

const categorical: Fill = (file) => {
  const column = (file.create_group('obs') as Group).create_group('perturbation');
  column.create_dataset({ name: 'categories', data: ['B', 'control'] });
  column.create_dataset({ name: 'codes', data: Int8Array.of(1, 0) });
};

const text: Fill = (file) => {
  file.create_group('obs').create_dataset({ name: 'perturbation', data: ['control', 'B'] });
};

const dense: Fill = (file) => {
  file.create_dataset({ name: 'X', data: TABLE.values, shape: [2, 3] });
};

function sparse(encoding: string, parts: Record<string, number[]>): Fill {
  return (file) => {
    const matrix = file.create_group('X');
    matrix.create_attribute('encoding-type', encoding);
    matrix.create_attribute('shape', Int32Array.of(2, 3));
    for (const [name, numbers] of Object.entries(parts))
      matrix.create_dataset({ name, data: name === 'data' ? Float32Array.from(numbers) : Int32Array.from(numbers) });
  };
}

describe('readCells: .csv', () => {
  test('row names, quoted names, ignored columns, Windows line ends and a byte order mark', async () => {
    const path = csv('\uFEFF,"A",cell_type,B,perturbation,C\r\n"c,1",1,T,0,control,2.5\r\nc2,0,T,0,"B",3\r\n');
    expect(await readCells(path, OPTIONS)).toEqual(TABLE);
  });

  test.each([
    ['A,B\n1,2\n', "line 1: there is no column 'perturbation'"],
    ['A,A,perturbation\n1,2,B\n', "line 1: there are two columns 'A'"],
    ['A,perturbation\n1,B\n2\n', 'line 3: 1 fields where the header has 2'],
    ['A,perturbation\nhigh,B\n', "line 2, column 'A': 'high' is not a number; list the column in ignoredColumns"],
    ['A,perturbation\n,B\n', "line 2, column 'A': '' is not a number"],
  ])('refuses %j', async (content, message) => {
    await expect(readCells(csv(content), OPTIONS)).rejects.toThrow(message);
  });
});

describe('readCells: .h5ad', () => {
  test.each([
    ['dense and categorical', [varNames, categorical, dense]],
    ['dense and text', [varNames, text, dense]],
    [
      'csr',
      [varNames, categorical, sparse('csr_matrix', { data: [1, 2.5, 3], indices: [0, 2, 2], indptr: [0, 2, 3] })],
    ],
    ['csc', [varNames, text, sparse('csc_matrix', { data: [1, 2.5, 3], indices: [0, 0, 1], indptr: [0, 1, 1, 3] })]],
  ] as [string, Fill[]][])('%s', async (name, parts) => {
    expect(await readCells(h5ad(name, ...parts), OPTIONS)).toEqual(TABLE);
  });

  test.each([
    ['no-x', [varNames, text], 'it has no matrix X'],
    ['no-var', [text, dense], "it has no table 'var'"],
    ['odd-x', [varNames, text, sparse('coo', {})], "X is encoded as 'coo'"],
    [
      'long-obs',
      [varNames, dense, (f: File) => f.create_group('obs').create_dataset({ name: 'perturbation', data: ['a'] })],
      'X has 6 entries, which is not 1 cells x 3 genes',
    ],
    [
      'numbers',
      [
        varNames,
        dense,
        (f: File) => f.create_group('obs').create_dataset({ name: 'perturbation', data: Int32Array.of(1, 2) }),
      ],
      '/obs/perturbation does not hold text',
    ],
  ] as [string, Fill[], string][])('refuses %s', async (name, parts, message) => {
    await expect(readCells(h5ad(name, ...parts), OPTIONS)).rejects.toThrow(message);
  });

  test('a missing column lists those that exist; files that are not HDF5, missing or of another kind are refused', async () => {
    const path = h5ad('column', varNames, text, dense);
    await expect(readCells(path, { ...OPTIONS, perturbationColumn: 'guide' })).rejects.toThrow(
      "obs has no column 'guide'; its columns are perturbation",
    );
    const fake = join(folder, 'fake.h5ad');
    writeFileSync(fake, 'not HDF5');
    await expect(readCells(fake, OPTIONS)).rejects.toThrow('not a readable HDF5 file');
    await expect(readCells(join(folder, 'none.csv'), OPTIONS)).rejects.toThrow('there is no such file');
    await expect(readCells('cells.parquet', OPTIONS)).rejects.toThrow('must be a .csv or .h5ad file');
  });
});
