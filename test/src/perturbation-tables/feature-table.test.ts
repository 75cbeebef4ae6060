import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFeatureTable } from '../../../src/perturbation-tables/feature-table.js';

const folder = mkdtempSync(join(tmpdir(), 'features-'));
const read = (content: string, options = {}) => {
  const path = join(folder, 'features.csv');
  writeFileSync(path, content);
  return readFeatureTable(path, { labelColumn: 'perturbation', ...options });
};

describe('readFeatureTable', () => {
  test('label, group and dose are found by name, the rest are features', async () => {
    const table = await read('drug,x,perturbation,dose\nA,0.5,A_1,1\nA,0.5,A_2,2\n', {
      groupColumn: 'drug',
      doseColumn: 'dose',
    });
    expect(table).toMatchObject({ features: ['x', 'dose'], doseFeature: 1 });
    expect(table.rows.map(({ label, group, values }) => [label, group, ...values])).toEqual([
      ['A_1', 'A', 0.5, 1],
      ['A_2', 'A', 0.5, 2],
    ]);
  });

  test('tabs separate columns where the header has any; without groups every label is its own', async () => {
    const { rows, doseFeature } = await read('perturbation\tx\nA\t1\n');
    expect(rows[0]).toEqual({ label: 'A', group: 'A', values: Float64Array.of(1) });
    expect(doseFeature).toBeUndefined();
  });

  test.each([
    ['perturbation,x\n', 'it describes no perturbation'],
    ['perturbation\nA\n', "it has no column of features beside 'perturbation'"],
    ['name,x\nA,1\n', "there is no column 'perturbation'; it has name, x"],
    ['perturbation,x\nA,1\nA,2\n', "line 3: 'A' is described twice"],
    ['perturbation,x\nA,blue\n', "line 2, column 'x': 'blue' is not a number"],
    ['perturbation,x\nA\n', "line 2, column 'x': '' is not a number"],
  ])('%j is refused', async (content, message) => {
    await expect(read(content)).rejects.toThrow(message);
  });
});
