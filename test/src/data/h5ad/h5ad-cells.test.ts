import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { File, type Group } from 'h5wasm/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CausalPilotError } from '../../../../core/errors.js';
import type { CellSourceOptions } from '../../../../src/data/cells/cell-source.js';
import { openH5adCells } from '../../../../src/data/h5ad/h5ad-cells.js';
import { loadHdf5 } from '../../../../src/data/h5ad/hdf5-file.js';
import { TABLES, wholeTable } from '../whole-table.js';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-h5ad-'));
  await loadHdf5();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OPTIONS: CellSourceOptions = { perturbationColumn: 'perturbation', ignoredColumns: [] };
const fixture = (name: string) => join(TABLES, name);

/** What test/fixtures/tables/make.py writes. */
const COUNTS = [3, 0, 2, 9, 0, 4, 0, 8, 0, 1, 5, 7, 6, 0, 0, 9, 2, 2, 2, 8, 0, 0, 1, 6];
const TABLE = {
  genes: ['TFA', 'TFB', 'GENC', 'HKG'],
  values: COUNTS,
  totals: [14, 12, 13, 15, 14, 7],
  labels: ['control', 'control', 'TFA', 'TFB', 'control', 'TFA+TFB'],
};
const times = (factor: number) => COUNTS.map((count) => factor * count);

describe('files of every AnnData since 0.5', () => {
  test.each(['0.5.10', '0.6.22', '0.7.4', '0.12.19', '0.13.4'])('anndata %s', async (version) => {
    const path = fixture(`anndata-${version}.h5ad`);
    expect(await wholeTable(path)).toEqual(TABLE);
    expect((await wholeTable(path, { matrix: 'raw' })).values).toEqual(times(2));
    expect((await wholeTable(path, { geneColumn: 'symbol' })).genes).toEqual(['a', 'b', 'c', 'h']);
    const passed = await wholeTable(path, { perturbationColumn: 'passed' });
    expect(passed.labels).toEqual(['True', 'True', 'False', 'True', 'True', 'False']);
    const depth = await wholeTable(path, { perturbationColumn: 'depth' });
    expect(depth.labels).toEqual(['14', '12', '13', '15', '14', '7']);
    if (version === '0.5.10') return;
    expect((await wholeTable(path, { matrix: 'tripled' })).values).toEqual(times(3));
    expect((await wholeTable(path, { matrix: 'layers/tripled' })).values).toEqual(times(3));
  });

  test.each(['0.12.19', '0.13.4'])(
    'anndata %s: whole numbers, booleans and categories that are missing',
    async (version) => {
      const labels = async (perturbationColumn: string) =>
        (await wholeTable(fixture(`anndata-${version}.h5ad`), { perturbationColumn })).labels;
      expect(await labels('batch')).toEqual(['1', null, '2', '2', null, '1']);
      expect(await labels('stressed')).toEqual(['True', null, 'False', 'False', 'True', null]);
      expect(await labels('guide')).toEqual(['g1', null, 'g2', 'g3', 'g1', null]);
    },
  );

  test('nullable strings as index and labels', async () => {
    const { genes, labels } = await wholeTable(fixture('nullable_strings.h5ad'));
    expect(genes).toEqual(['TFA', 'TFB', 'HKG']);
    expect(labels.filter((label) => label === 'control')).toHaveLength(60);
    expect(labels.filter((label) => label === 'TFA')).toHaveLength(30);
    expect(labels.filter((label) => label === 'TFB')).toHaveLength(30);
  });

  test('record arrays and reference categoricals hold what the canonical file holds', async () => {
    const canonical = await wholeTable(fixture('canonical.h5ad'));
    expect(await wholeTable(fixture('v06_records.h5ad'))).toEqual(canonical);
    expect(await wholeTable(fixture('v07_categorical.h5ad'))).toEqual(canonical);
  });
});

describe('filters and numeric types', () => {
  test.each(['gzip', 'szip', 'lzf', 'blosc', 'blosc2', 'zstd', 'lz4', 'bzip2', 'bitshuffle', 'zfp'])(
    'filter %s',
    async (matrix) => {
      expect((await wholeTable(fixture('filters.h5ad'), { matrix })).values).toEqual(COUNTS);
    },
  );

  const types = ['f2', 'f4', 'f8', 'big-f4', 'big-f8', 'i1', 'u1', 'i2', 'big-i2', 'u2', 'i4', 'u4', 'i8', 'u8'];
  test.each(types)('type %s', async (matrix) => {
    expect((await wholeTable(fixture('types.h5ad'), { matrix })).values).toEqual(COUNTS);
  });

  test('booleans are 0 and 1', async () => {
    const { values } = await wholeTable(fixture('types.h5ad'), { matrix: 'bool' });
    expect(values).toEqual(COUNTS.map((count) => (count > 0 ? 1 : 0)));
  });

  test.each([
    ['filters.h5ad', 'sz3', "'layers/sz3' is packed by filter 32024"],
    ['types.h5ad', 'longdouble', 'holds 128-bit floats; write them as float64'],
    ['types.h5ad', 'complex64', 'holds no real numbers'],
  ])('%s, %s is refused', async (name, matrix, message) => {
    await expect(wholeTable(fixture(name), { matrix })).rejects.toThrow(message);
  });
});

describe('sparse matrices', () => {
  test('entries of one position add up', async () => {
    const canonical = await wholeTable(fixture('canonical.h5ad'));
    const split = await wholeTable(fixture('split_entries.h5ad'));
    expect(split).toEqual(canonical);
    expect(canonical.values.reduce((sum, value) => sum + value, 0)).toBe(10978);
  });

  test('csr and csc in any order of entries, any integers, in parts: the dense matrix', async () => {
    const entry = fc.record({ cell: fc.nat(6), gene: fc.nat(4), value: fc.integer({ min: -9, max: 9 }) });
    const part = fc.record({ cells: fc.uniqueArray(fc.nat(6)), columns: fc.uniqueArray(fc.nat(4)) });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 40 }),
        part,
        fc.constantFrom('csr_matrix', 'csc_matrix'),
        fc.boolean(),
        async (entries, { cells, columns }, encoding, isWide) => {
          const path = join(folder, `sparse-${round++}.h5ad`);
          writeSparse(path, { entries, encoding, isWide });
          const dense = new Float64Array(7 * 5);
          for (const { cell, gene, value } of entries) dense[5 * cell + gene]! += value;
          const source = await openH5adCells(path, OPTIONS);
          const asked = Int32Array.from(cells).sort();
          const read = await source.read({ columns, cells: asked, totals: true });
          source.close();
          const rows = [...asked];
          expect([...read.values]).toEqual(rows.flatMap((cell) => columns.map((gene) => dense[5 * cell + gene])));
          expect([...read.totals!]).toEqual(
            rows.map((cell) => dense.subarray(5 * cell, 5 * cell + 5).reduce((a, b) => a + b, 0)),
          );
          rmSync(path);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('parts that do not fit each other, or an index outside, are refused', async () => {
    const sparse = (parts: Record<string, number[]>) => {
      const path = join(folder, 'damaged-sparse.h5ad');
      withFile(path, (file) => {
        writeTables(file, { cells: 2, genes: 3 });
        writeMatrix(file, { encoding: 'csr_matrix', shape: [2, 3], parts });
      });
      return wholeTable(path);
    };
    await expect(sparse({ data: [1, 2], indices: [0, 1], indptr: [0, 2] })).rejects.toThrow('do not fit each other');
    await expect(sparse({ data: [1, 2], indices: [0], indptr: [0, 1, 1] })).rejects.toThrow('do not fit each other');
    await expect(sparse({ data: [1, 2], indices: [0, 1], indptr: [0, 2, 1] })).rejects.toThrow('do not fit each other');
    await expect(sparse({ data: [1, 2], indices: [0, 3], indptr: [0, 1, 2] })).rejects.toThrow(
      'an index lies outside of its 3 positions',
    );
    await expect(sparse({ data: [1, Number.NaN], indices: [0, 2], indptr: [0, 1, 2] })).rejects.toThrow(
      "row 2, gene 'G2': the value is NaN, no finite number",
    );
  });
});

describe('dense matrices', () => {
  test('in chunks: parts of rows and columns are those of the whole', async () => {
    const [cells, genes] = [301, 23];
    const path = join(folder, 'chunks.h5ad');
    const dense = Float32Array.from({ length: cells * genes }, (_, i) => (i * 7) % 101);
    withFile(path, (file) => {
      writeTables(file, { cells, genes });
      file.create_dataset({ name: 'X', data: dense, shape: [cells, genes], chunks: [50, 4], compression: 'gzip' });
    });
    const source = await openH5adCells(path, OPTIONS);
    const [columns, rows] = [
      [22, 3, 9],
      [0, 49, 50, 299, 300],
    ];
    for (const totals of [false, true]) {
      const read = await source.read({ columns, cells: Int32Array.from(rows), totals });
      expect([...read.values]).toEqual(rows.flatMap((cell) => columns.map((gene) => dense[cell * genes + gene])));
      expect(read.totals?.[1]).toBe(
        totals ? dense.subarray(49 * genes, 50 * genes).reduce((sum, value) => sum + value, 0) : undefined,
      );
    }
    source.close();
  });

  test('one gene as a vector, as AnnData once wrote it', async () => {
    const path = join(folder, 'vector.h5ad');
    withFile(path, (file) => {
      writeTables(file, { cells: 3, genes: 1 });
      file.create_dataset({ name: 'X', data: Float32Array.of(4, 5, 6) });
    });
    expect(await wholeTable(path)).toMatchObject({ values: [4, 5, 6], totals: [4, 5, 6] });
  });
});

test('features that are no genes are passed over and enter no total', async () => {
  const path = join(folder, 'features.h5ad');
  withFile(path, (file) => {
    writeTables(file, { cells: 1, genes: 3 });
    const types = ['Gene Expression', 'CRISPR Guide Capture', 'Gene Expression'];
    (file.get('var') as Group).create_dataset({ name: 'feature_types', data: types });
    file.create_dataset({ name: 'X', data: Float32Array.of(1, 50, 2), shape: [1, 3] });
  });
  expect(await wholeTable(path)).toMatchObject({ genes: ['G0', 'G2'], values: [1, 2], totals: [3] });
  const source = await openH5adCells(path, OPTIONS);
  expect(source.passedOver).toEqual([{ columns: ['G1'], reason: "are features of type 'CRISPR Guide Capture'" }]);
  source.close();
});

describe('refused in a sentence', () => {
  const tables = (file: File) => writeTables(file, { cells: 2, genes: 3 });
  const matrix = (file: File) => file.create_dataset({ name: 'X', data: new Float32Array(6), shape: [2, 3] });

  test.each([
    ['no X', [tables], 'it has no matrix X'],
    ['no var', [(file: File) => columnGroup(file, 'obs', ['a', 'b']), matrix], "it has no table 'var'"],
    [
      'another encoding',
      [tables, (file: File) => file.create_group('X').create_attribute('encoding-type', 'coo')],
      "'coo'",
    ],
    [
      'another shape',
      [tables, (file: File) => file.create_dataset({ name: 'X', data: new Float32Array(4), shape: [2, 2] })],
      "'X' has 2 cells x 2 genes, but obs has 2 rows and var 3",
    ],
    ['MuData', [(file: File) => file.create_group('mod')], 'it is a MuData file'],
    ['Loom', [(file: File) => file.create_group('row_attrs')], 'it is a Loom file'],
    ['an empty file', [() => undefined], 'it has no matrix X'],
  ] as [string, ((file: File) => unknown)[], string][])('%s', async (name, parts, message) => {
    const path = join(folder, `${name}.h5ad`);
    withFile(path, (file) => {
      for (const part of parts) part(file);
    });
    const opening = openH5adCells(path, OPTIONS);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toBeInstanceOf(CausalPilotError);
  });

  test('a missing column or matrix lists those that exist', async () => {
    const open = (options: Partial<CellSourceOptions>) =>
      openH5adCells(fixture('anndata-0.13.4.h5ad'), { ...OPTIONS, ...options });
    await expect(open({ perturbationColumn: 'Perturbation' })).rejects.toThrow(
      "obs has no column 'Perturbation' (is it 'perturbation'?); its columns are batch, depth",
    );
    await expect(open({ matrix: 'counts' })).rejects.toThrow(
      "it has no matrix 'counts'; choose by matrix among X, raw, tripled",
    );
    await expect(open({ geneColumn: 'name' })).rejects.toThrow("var has no column 'name'");
  });

  test('what is not HDF5, cut off or damaged inside, without a value that was never there', async () => {
    const fake = join(folder, 'fake.h5ad');
    writeFileSync(fake, 'not HDF5');
    await expect(openH5adCells(fake, OPTIONS)).rejects.toThrow('not a readable HDF5 file');
    const whole = readFileSync(fixture('filters.h5ad'));
    const short = join(folder, 'short.h5ad');
    writeFileSync(short, whole.subarray(0, whole.length / 2));
    await expect(openH5adCells(short, OPTIONS)).rejects.toThrow('not a readable HDF5 file, or cut off');
    const damaged = join(folder, 'damaged.h5ad');
    copyFileSync(fixture('filters.h5ad'), damaged);
    const source = await openH5adCells(damaged, { ...OPTIONS, matrix: 'gzip' });
    source.close();
    writeFileSync(damaged, corruptDeflate(whole));
    await expect(wholeTable(damaged, { matrix: 'gzip' })).rejects.toThrow("damaged: '/layers/gzip' cannot be read");
  });
});

/** The file with the body of every deflate stream overwritten. */
function corruptDeflate(bytes: Buffer): Buffer {
  const damaged = Buffer.from(bytes);
  for (let at = damaged.indexOf(Buffer.of(0x78, 0x5e)); at !== -1; at = damaged.indexOf(Buffer.of(0x78, 0x5e), at + 2))
    damaged.fill(0xff, at + 2, at + 8);
  return damaged;
}

function withFile(path: string, fill: (file: File) => void): void {
  const file = new File(path, 'w');
  fill(file);
  file.close();
}

function columnGroup(file: File, name: string, labels: string[]): void {
  const column = name === 'obs' ? 'perturbation' : '_index';
  file.create_group(name).create_dataset({ name: column, data: labels });
}

function writeTables(file: File, { cells, genes }: { cells: number; genes: number }): void {
  columnGroup(
    file,
    'obs',
    Array.from({ length: cells }, () => 'control'),
  );
  columnGroup(
    file,
    'var',
    Array.from({ length: genes }, (_, gene) => `G${gene}`),
  );
}

interface SparseFile {
  readonly encoding: string;
  readonly shape: readonly [number, number];
  readonly parts: Record<string, number[]>;
  /** Indices and pointers of 64 bits. */
  readonly isWide?: boolean;
}

function writeMatrix(file: File, { encoding, shape, parts, isWide = false }: SparseFile): void {
  const matrix = file.create_group('X');
  matrix.create_attribute('encoding-type', encoding);
  matrix.create_attribute('shape', BigInt64Array.from(shape, BigInt));
  for (const [name, numbers] of Object.entries(parts)) {
    const integers = isWide ? BigInt64Array.from(numbers, BigInt) : Int32Array.from(numbers);
    matrix.create_dataset({ name, data: name === 'data' ? Float64Array.from(numbers) : integers });
  }
}

interface Entry {
  readonly cell: number;
  readonly gene: number;
  readonly value: number;
}

/** Entries in the order given within each row or column. */
function writeSparse(
  path: string,
  { entries, encoding, isWide }: { entries: readonly Entry[]; encoding: string; isWide: boolean },
): void {
  const byCell = encoding === 'csr_matrix';
  const majors = byCell ? 7 : 5;
  const ordered = Array.from({ length: majors }, (_, major) =>
    entries.filter(({ cell, gene }) => (byCell ? cell : gene) === major),
  );
  const indptr = [0];
  for (const group of ordered) indptr.push((indptr.at(-1) ?? 0) + group.length);
  const flat = ordered.flat();
  const parts = {
    data: flat.map(({ value }) => value),
    indices: flat.map(({ cell, gene }) => (byCell ? gene : cell)),
    indptr,
  };
  withFile(path, (file) => {
    writeTables(file, { cells: 7, genes: 5 });
    writeMatrix(file, { encoding, shape: [7, 5], parts, isWide });
  });
}
