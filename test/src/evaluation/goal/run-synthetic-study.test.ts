import { describe, expect, test } from 'vitest';
import { runSyntheticStudy } from '../../../../src/evaluation/goal/run-synthetic-study.js';
import { SMALL_STUDY } from './small-study.js';

describe('runSyntheticStudy', () => {
  test('rows for every strategy, metric and round, paired differences to the reference; workers change nothing', async () => {
    const progress: number[] = [];
    const alone = await runSyntheticStudy({ study: SMALL_STUDY, onProgress: (done) => progress.push(done) });
    expect(progress.at(-1)).toBe(9);
    expect(alone!.results).toHaveLength(3 * 3 * 7);
    expect(new Set(alone!.differences.map(({ reference }) => reference))).toEqual(new Set(['random-shift']));
    const row = alone!.results.find((r) => r.strategy === 'civ' && r.metric === 'relativeDistance' && r.round === 6)!;
    expect(row).toMatchObject({ task: 'goal', environment: 'small', n: 3 });
    expect(row.ci95[0]!).toBeLessThanOrEqual(row.mean!);
    const undefinedRow = alone!.results.find((r) => r.metric === 'proposalDistance' && r.round === 0)!;
    expect(undefinedRow).toMatchObject({ mean: null, n: 0 });
    const shared = await runSyntheticStudy({ study: { ...SMALL_STUDY, workers: 2 } });
    expect(shared).toEqual(alone);
  });

  test('the reference is played even when it is not listed; an interruption gives no result', async () => {
    const study = { ...SMALL_STUDY, strategies: ['greedy'], instances: 1 };
    const summary = await runSyntheticStudy({ study });
    expect(new Set(summary!.results.map(({ strategy }) => strategy))).toEqual(new Set(['greedy', 'random-shift']));
    expect(await runSyntheticStudy({ study, interrupted: () => true })).toBeUndefined();
  });

  test('unknown, repeated and unavailable strategies are refused', async () => {
    const run = (strategies: string[]) => runSyntheticStudy({ study: { ...SMALL_STUDY, strategies } });
    await expect(run(['best'])).rejects.toThrow("unknown strategy 'best'; choose among policy, ");
    await expect(run(['civ', 'civ'])).rejects.toThrow("'civ' is listed twice");
    await expect(run(['policy'])).rejects.toThrow("'policy' needs a trained policy");
  });
});
