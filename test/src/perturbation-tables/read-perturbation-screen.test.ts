import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeH5adCells } from '../../../src/data/h5ad/h5ad-writer.js';
import { readPerturbationScreen } from '../../../src/perturbation-tables/read-perturbation-screen.js';

const folder = mkdtempSync(join(tmpdir(), 'screen-'));
const path = join(folder, 'cells.csv');
const cells = ['control,1,0,5', 'control,3,1,5', 'control,2,2,5', 'A,9,1,5', 'A,9,0,5', 'B,2,1,5'];
const table = (...labels: string[]) => ({
  file: 'features.csv',
  features: ['x'],
  rows: labels.map((label, i) => ({ label, group: label, values: Float64Array.of(i) })),
});
const options = { perturbationColumn: 'perturbation', control: 'control', transform: 'none', variables: 5 } as const;
const read = (described = table('A', 'B', 'C'), changed = {}) => {
  writeFileSync(path, `perturbation,G1,G2,G3\n${cells.join('\n')}\n`);
  return readPerturbationScreen(path, described, { ...options, ...changed });
};

describe('readPerturbationScreen', () => {
  test('perturbations with two cells or more become contexts; genes that never vary in the control are left out', async () => {
    const { data, variables, labels, withoutCells } = await read();
    expect(variables).toEqual(['G1', 'G2']);
    expect([...data.observational]).toEqual([1, 0, 3, 1, 2, 2]);
    expect(labels).toEqual(['A']);
    expect(withoutCells).toEqual(['B', 'C']);
    expect([...data.contexts[0]!.values]).toEqual([9, 1, 9, 0]);
    expect([...data.contexts[0]!.features]).toEqual([0]);
  });

  test('an .h5ad file gives what a table gives', async () => {
    const rows = cells.map((line) => line.split(','));
    const file = join(folder, 'cells.h5ad');
    await writeH5adCells(file, {
      genes: ['G1', 'G2', 'G3'],
      values: Float32Array.from(rows.flatMap(([, ...values]) => values.map(Number))),
      cellTypes: new Int32Array(rows.length),
      perturbations: rows.map(([label]) => label!),
    });
    expect((await readPerturbationScreen(file, table('A', 'B', 'C'), options)).data).toEqual((await read()).data);
  });

  test('the genes that respond most are kept', async () => {
    expect((await read(table('A', 'B'), { variables: 1 })).variables).toEqual(['G1']);
  });

  test('counts become logarithms of counts per ten thousand', async () => {
    const { data } = await read(table('A', 'B'), { transform: 'log-normalise' });
    expect(data.observational[0]).toBeCloseTo(Math.log1p(1e4 / 6), 12);
  });

  test.each([
    [table('A'), {}, 'no features for B'],
    [table('A', 'B'), { control: 'vehicle' }, "no cell is labelled 'vehicle'"],
  ])('what is missing is named', async (described, changed, message) => {
    await expect(read(described, changed)).rejects.toThrow(message);
  });
});
