import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CausalPilotError } from '../../../core/errors.js';
import { openCells } from '../../../src/data/open-cells.js';
import { wholeTable } from './whole-table.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-tables-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OPTIONS = { perturbationColumn: 'perturbation', ignoredColumns: [] };
const TEXT = 'perturbation,A,B\ncontrol,1,2\nA,0,3\n';
const TABLE = { genes: ['A', 'B'], values: [1, 2, 0, 3], totals: [3, 3], labels: ['control', 'A'] };

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('openCells: what a name says', () => {
  test.each([
    ['cells.csv', TEXT],
    ['CELLS.CSV', TEXT],
    ['cells.tsv', TEXT.replaceAll(',', '\t')],
    ['cells.tab', TEXT.replaceAll(',', '\t')],
    ['tabs.txt', TEXT.replaceAll(',', '\t')],
    ['commas.txt', TEXT],
    ['cells.csv.gz', gzipSync(TEXT)],
    ['cells.tsv.gz', gzipSync(TEXT.replaceAll(',', '\t'))],
    ['packed.csv', gzipSync(TEXT)],
    ['größe mit leerzeichen.csv', TEXT],
  ])('%s is read', async (name, content) => {
    expect(await wholeTable(file(name, content))).toEqual(TABLE);
  });

  test.each([
    ['cells.zarr', "write it as .h5ad, by anndata's read_zarr and write_h5ad"],
    ['cells.loom', 'read_loom'],
    ['cells.h5mu', 'one of its modalities'],
    ['cells.rds', '.csv or .h5ad'],
    ['filtered_feature_bc_matrix.h5', 'read_10x_h5'],
    ['matrix.mtx.gz', 'read_10x_mtx'],
    ['cells.xlsx', 'save it as comma-separated text'],
    ['cells.parquet', 'comma-separated text or .h5ad'],
    ['cells.h5ad.gz', 'unpack it first'],
    ['cells.json', 'must be a .csv, .tsv, .txt (also .gz) or .h5ad file'],
    ['cells', 'must be a .csv, .tsv, .txt (also .gz) or .h5ad file'],
  ])('%s is refused with what to do instead', async (name, remedy) => {
    const opening = openCells(file(name, ''), OPTIONS);
    await expect(opening).rejects.toThrow(remedy);
    await expect(opening).rejects.toBeInstanceOf(CausalPilotError);
  });

  test('missing files, folders, and options of the other format are refused', async () => {
    await expect(openCells(join(folder, 'none.csv'), OPTIONS)).rejects.toThrow('there is no such file');
    await expect(openCells(join(folder, 'none.h5ad'), OPTIONS)).rejects.toThrow('there is no such file');
    for (const name of ['folder.csv', 'folder.h5ad']) {
      mkdirSync(join(folder, name));
      await expect(openCells(join(folder, name), OPTIONS)).rejects.toThrow('it is a folder');
    }
    const path = file('options.csv', TEXT);
    await expect(openCells(path, { ...OPTIONS, matrix: 'raw' })).rejects.toThrow('matrix: only .h5ad files have it');
    await expect(openCells(path, { ...OPTIONS, geneColumn: 'symbol' })).rejects.toThrow('geneColumn: only .h5ad files');
  });
});
