import { describe, expect, test } from 'vitest';
import { SyntheticStudyConfig } from '../../../../src/evaluation/goal/goal-study-config.js';
import { runSyntheticStudy } from '../../../../src/evaluation/goal/run-synthetic-study.js';

const SMALL = SyntheticStudyConfig.parse({
  study: 'synthetic',
  instances: 3,
  runs: 2,
  budget: 6,
  workers: 0,
  strategies: ['civ', 'greedy', 'random-shift'],
  settings: [{ name: 'small', instance: { variables: 5, targets: 2 } }],
});

describe('runSyntheticStudy', () => {
  test('rows for every strategy, metric and round, paired differences to the reference; workers change nothing', async () => {
    const progress: number[] = [];
    const alone = await runSyntheticStudy({ study: SMALL, onProgress: (done) => progress.push(done) });
    expect(progress.at(-1)).toBe(9);
    expect(alone!.results).toHaveLength(3 * 3 * 7);
    expect(new Set(alone!.differences.map(({ reference }) => reference))).toEqual(new Set(['random-shift']));
    const row = alone!.results.find((r) => r.strategy === 'civ' && r.metric === 'relativeDistance' && r.round === 6)!;
    expect(row).toMatchObject({ task: 'goal', environment: 'small', n: 3 });
    expect(row.ci95[0]!).toBeLessThanOrEqual(row.mean!);
    const undefinedRow = alone!.results.find((r) => r.metric === 'proposalDistance' && r.round === 0)!;
    expect(undefinedRow).toMatchObject({ mean: null, n: 0 });
    const shared = await runSyntheticStudy({ study: { ...SMALL, workers: 2 } });
    expect(shared).toEqual(alone);
  });

  test('the reference is played even when it is not listed; an interruption gives no result', async () => {
    const study = { ...SMALL, strategies: ['greedy'], instances: 1 };
    const summary = await runSyntheticStudy({ study });
    expect(new Set(summary!.results.map(({ strategy }) => strategy))).toEqual(new Set(['greedy', 'random-shift']));
    expect(await runSyntheticStudy({ study, interrupted: () => true })).toBeUndefined();
  });

  test('unknown, repeated and unavailable strategies are refused', async () => {
    const run = (strategies: string[]) => runSyntheticStudy({ study: { ...SMALL, strategies } });
    await expect(run(['best'])).rejects.toThrow("unknown strategy 'best'; choose among policy, ");
    await expect(run(['civ', 'civ'])).rejects.toThrow("'civ' is listed twice");
    await expect(run(['policy'])).rejects.toThrow("'policy' needs a trained policy");
  });
});
