import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { knockout, observe } from '../../../../core/causal/intervention.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { SergioConfig } from '../../../../envs/sergio/config.js';
import { GeneNetworkPrior } from '../../../../envs/sergio/gene-network-prior.js';
import type { ScreenStudyConfig } from '../../../../src/evaluation/goal/goal-study-config.js';
import { runScreenStudy } from '../../../../src/evaluation/goal/run-screen-study.js';
import { linearScreen, type ScreenTable, screenStudy, writeScreen } from './screens.js';

const stream = new RandomStream('screen-study');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-screen-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const writeCsv = (name: string, table: ScreenTable): string => writeScreen(join(folder, name), table);
const study = screenStudy;
const run = async (options: ScreenStudyConfig) => (await runScreenStudy({ study: options }))?.summary;

describe('runScreenStudy', () => {
  test('on cells that the model describes, the goal is found and its distance falls to zero', async () => {
    const file = writeCsv('linear.csv', linearScreen(5, 60));
    const summary = await run(study(file, { goals: ['g0', 'g2'] }));
    const at = (strategy: string, metric: string, round: number) =>
      summary!.results
        .filter((row) => row.strategy === strategy && row.metric === metric && row.round === round)
        .map(({ mean }) => mean!);
    expect(new Set(summary!.results.map(({ environment }) => environment))).toEqual(
      new Set(['goal: g0 knockout', 'goal: g2 knockout']),
    );
    for (const strategy of ['civ', 'greedy', 'random-shift']) {
      expect(Math.min(...at(strategy, 'found', 6))).toBeGreaterThan(0.9);
      expect(Math.max(...at(strategy, 'meanDistance', 6))).toBeLessThan(0.5);
      const [before, after] = [at(strategy, 'predictionError', 0), at(strategy, 'predictionError', 6)];
      // A goal without measured descendants is predicted as well before as after.
      expect(Math.max(...after)).toBeLessThan(Math.max(...before));
      for (const [index, error] of after.entries()) expect(error).toBeLessThanOrEqual(before[index]!);
      expect(at(strategy, 'found', 0)).toEqual(at('civ', 'found', 0));
    }
    expect(await runScreenStudy({ study: study(file), interrupted: () => true })).toBeUndefined();
  });

  test('a SERGIO screen runs through every criterion, the same twice', async () => {
    const config = SergioConfig.parse({ kind: 'sergio', variables: 5, platform: 'none' });
    const model = new GeneNetworkPrior(config).sample(stream.child('network'));
    const genes = Array.from({ length: 5 }, (_, i) => `G${i}`);
    const parts = [
      { label: 'control', cells: model.sample(observe(5), 200, stream.child('control')) },
      ...genes.map((label, i) => ({ label, cells: model.sample(knockout(5, [i]), 20, stream.child('knockout', i)) })),
    ];
    const table: ScreenTable = {
      genes,
      values: Float64Array.from(parts.flatMap(({ cells }) => [...cells])),
      labels: parts.flatMap(({ label, cells }) => new Array<string>(cells.length / 5).fill(label)),
    };
    const options = study(writeCsv('sergio.csv', table), {
      strategies: ['civ', 'civ-ow', 'cv', 'maxv', 'greedy', 'ei', 'mi', 'ucb'],
      runs: 2,
      goals: ['G3'],
    });
    const [first, second] = [await run(options), await run(options)];
    expect(second).toEqual(first);
    const unknown = await run({ ...options, noise: 'unknown' });
    expect(unknown!.results.length).toBe(first!.results.length);
    for (const row of unknown!.results) expect(Number.isFinite(row.mean)).toBe(true);
    for (const row of first!.results) expect(Number.isFinite(row.mean)).toBe(true);
  });

  test('what cannot be used is refused', async () => {
    const file = writeCsv('small.csv', linearScreen(3, 5));
    const refused = (extra: Record<string, unknown>) => expect(run(study(file, extra))).rejects;
    await refused({ goals: ['g9'] }).toThrow("goals: 'g9' is not among the genes of the screen: g0, g1, g2");
    await refused({ control: 'none' }).toThrow("no cell is labelled 'none' (control); the labels are control, g0");
    await refused({ genes: ['x'] }).toThrow("there is no gene 'x' in the table");
    await refused({ strategies: ['observational'] }).toThrow();
  });
});
