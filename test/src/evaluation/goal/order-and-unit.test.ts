import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RandomStream } from '../../../../core/random/stream.js';
import { SHIFT_CRITERIA } from '../../../../models/civ/propose-shift.js';
import { runScreenStudy, type ScreenStudyOutcome } from '../../../../src/evaluation/goal/run-screen-study.js';
import { screenDataLines } from '../../../../src/evaluation/goal/screen-data-lines.js';
import { linearScreen, permuted, type ScreenTable, screenStudy, writeScreen } from './screens.js';

// Neither where columns and rows stand nor the unit of the values changes a choice. Figures in squared units are compared over
// the square of the unit.

const STRATEGIES = [...SHIFT_CRITERIA, 'random-shift'];
const stream = new RandomStream('screen-order');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-order-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function study(table: ScreenTable, extra: Record<string, unknown> = {}): Promise<ScreenStudyOutcome> {
  const file = writeScreen(join(folder, 'cells.csv'), table);
  const options = { strategies: STRATEGIES, runs: 3, budget: 4, ...extra };
  return (await runScreenStudy({ study: screenStudy(file, options) }))!;
}

/** Largest relative difference of the means of two outcomes, in units of c and 1. */
function largestDifference(one: ScreenStudyOutcome, other: ScreenStudyOutcome, c = 1): number {
  expect(other.summary.results.length).toBe(one.summary.results.length);
  const power = (metric: string): number => (metric === 'found' ? 0 : 2);
  return Math.max(
    ...one.summary.results.map(({ metric, mean, ...row }, index) => {
      const same = other.summary.results[index]!;
      expect({ ...row, metric }).toMatchObject({ strategy: same.strategy, round: same.round, metric: same.metric });
      const scaled = same.mean! / c ** power(metric);
      return Math.abs(scaled - mean!) / Math.max(Math.abs(mean!), 1e-3);
    }),
  );
}

const counts = (table: ScreenTable): ScreenTable => ({
  ...table,
  values: table.values.map((value) => Math.max(0, Math.round(value * 6))),
});

describe.each([
  ['none', (table: ScreenTable) => table],
  ['log-normalise', counts],
] as const)('transform %s', (transform, prepare) => {
  test.each(['held', 'unknown'])('noise %s: every order of columns and rows gives the same bits', async (noise) => {
    const table = prepare(linearScreen(5, 25));
    const one = await study(table, { transform, noise });
    for (let trial = 0; trial < 3; trial++) {
      const columns = stream.child(transform, noise, trial, 'columns').permutation(5);
      const rows = stream.child(transform, noise, trial, 'rows').permutation(table.labels.length);
      const other = await study(permuted(table, columns, rows), { transform, noise });
      expect(largestDifference(one, other)).toBe(0);
      expect(screenDataLines(other.data)).toEqual(screenDataLines(one.data));
    }
  });

  test.each(['held', 'unknown'])('noise %s: every factor from 1e-9 to 1e9 gives the same choices', async (noise) => {
    const table = prepare(linearScreen(5, 25));
    const one = await study(table, { transform, noise });
    for (const c of [1e-9, 1e-6, 1e-3, 1e3, 1e6, 1e9]) {
      const other = await study({ ...table, values: table.values.map((value) => value * c) }, { transform, noise });
      expect(largestDifference(one, other, transform === 'none' ? c : 1)).toBeLessThan(1e-7);
      expect(other.data.graph).toEqual(one.data.graph);
      expect(other.data.conditions).toEqual(one.data.conditions);
    }
  });
});

test('an offset is named, because a knockout to 0 would be another one', async () => {
  const table = linearScreen(4, 25);
  const moved = { ...table, values: table.values.map((value) => value + 1e6) };
  await expect(study(moved)).rejects.toThrow("in gene 'g0', but a knockout is taken as a shift by minus the mean");
});
