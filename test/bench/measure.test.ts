import { describe, expect, test } from 'vitest';
import type { Contender } from '../../bench/benchmark.js';
import { formatMeasurement, measureWorkload, median } from '../../bench/measure.js';

/** A contender that reports the given wall seconds in turn, the first one for the warm run. */
function scripted(name: string, seconds: readonly number[], log: string[] = []): Contender {
  let call = 0;
  return {
    name,
    run: () => {
      log.push(name);
      const wallSeconds = seconds[call++]!;
      return { wallSeconds, cpuSeconds: 2 * wallSeconds };
    },
  };
}

describe('measureWorkload', () => {
  test('interleaves contenders, leaves out the warm run and takes medians and ratios', async () => {
    const log: string[] = [];
    const contenders = [scripted('ours', [9, 1, 3, 2], log), scripted('theirs', [9, 4, 8, 6], log)];
    const workload = { label: 'work', contenders, per: { count: 10, unit: 'item' } };
    const result = await measureWorkload(workload, { rounds: 3, threads: 1 });
    expect(log).toEqual(['ours', 'theirs', 'ours', 'theirs', 'ours', 'theirs', 'ours', 'theirs']);
    expect(result.timings.map(({ medianSeconds }) => medianSeconds)).toEqual([2, 6]);
    expect(result.timings[0]).toMatchObject({ fastestSeconds: 1, cpuSeconds: 4, runs: 3 });
    expect(result.ratios).toEqual({ ours: 1, theirs: 3 });
    expect(formatMeasurement(result)).toMatch(/work \(per item\)\n {2}ours +200\.000 ms median.*1\.00x\n.*3\.00x/);
  });

  test('says in one line which peer is missing and why', async () => {
    const absent = { name: 'peer', absent: 'not installed; run with --install-peers' };
    const workload = { label: 'work', contenders: [scripted('ours', [1, 1]), absent] };
    const result = await measureWorkload(workload, { rounds: 1, threads: 1 });
    expect(result.absent).toEqual({ peer: 'not installed; run with --install-peers' });
    expect(formatMeasurement(result).split('\n').at(-1)).toBe(
      '  peer: skipped, not installed; run with --install-peers',
    );
  });

  test('measures contenders that do not measure themselves', async () => {
    const contenders = [{ name: 'quiet', run: () => undefined }];
    const result = await measureWorkload({ label: 'work', contenders }, { rounds: 2, threads: 1 });
    expect(result.timings[0]!.medianSeconds).toBeGreaterThanOrEqual(0);
  });
});

test('median of an even count is the mean of the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([3, 1, 2])).toBe(2);
});
