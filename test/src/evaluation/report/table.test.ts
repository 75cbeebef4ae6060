import { describe, expect, test } from 'vitest';
import { differenceTables, finalRoundTables, renderTable } from '../../../../src/evaluation/report/table.js';
import { formatEstimate } from '../../../../src/evaluation/scores/metric-descriptions.js';
import { differences, results } from './rows.js';

describe('tables', () => {
  test('show the last round, with n where a metric is not defined for all systems', () => {
    const [table] = finalRoundTables(results);
    expect(table!.title).toBe(
      'structure task, training environment: after 1 experiment on 20 systems; mean [95 % interval]',
    );
    expect(table!.header).toEqual(['strategy', 'return', 'AUPRC']);
    expect(table!.rows[0]).toEqual(['policy', '19.25 [18.75, 19.75]', '0.500 [0.000, 1.000] n=12']);
  });

  test('differences carry their sign and name the reference', () => {
    const [table] = differenceTables(differences, { metrics: ['return'] });
    expect(table!.title).toContain("paired difference to 'random targets, random values'");
    expect(table!.rows).toEqual([['policy', '+0.75 [+0.25, +1.25]']]);
  });

  test('a terminal table has aligned columns', () => {
    const text = renderTable({
      title: 'T',
      header: ['a', 'b'],
      rows: [
        ['long', '1'],
        ['x', '22'],
      ],
    });
    expect(text).toBe('T\n\na     b\n----  --\nlong  1\nx     22');
  });

  test('undefined figures are a dash', () => {
    expect(formatEstimate({ mean: null, ci95: [null, null] }, 2)).toBe('-');
  });
});
