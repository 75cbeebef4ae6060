import { describe, expect, test } from 'vitest';
import { countSignedSets, listSignedSets } from '../../../core/causal/target-sets.js';

/** Every subset of `count` variables by the bits of a number: an independent listing. */
const subsets = (count: number) =>
  Array.from({ length: 2 ** count }, (_, bits) => Array.from({ length: count }, (_bit, i) => (bits >> i) & 1));

describe('sets of targets', () => {
  test.each([
    [5, 1, 3],
    [6, 0, 2],
    [3, 2, 5],
    [4, 0, 0],
  ])('of %i variables with %i to %i members are all there, once each', (count, least, most) => {
    const wanted = subsets(count).filter((flags) => {
      const members = flags.reduce((sum, flag) => sum + flag, 0);
      return members >= least && members <= most;
    });
    const listed = listSignedSets(count, { least, most }, { signs: false });
    expect(countSignedSets(count, { least, most }, { signs: false })).toBe(wanted.length);
    const rows = Array.from({ length: listed.length / count }, (_, s) =>
      listed.subarray(s * count, (s + 1) * count).join(),
    );
    expect(rows.sort()).toEqual(wanted.map((flags) => flags.join()).sort());
  });

  test('with signs, every pattern is there up to a common sign, patterns of a set next to each other', () => {
    const size = 4;
    const listed = listSignedSets(size, { least: 1, most: 3 }, { signs: true });
    const rows = Array.from({ length: listed.length / size }, (_, s) => [...listed.subarray(s * size, (s + 1) * size)]);
    // 4 + 6 * 2 + 4 * 4
    expect(rows).toHaveLength(32);
    const all = rows.flatMap((row) => [row.join(), row.map((sign) => 0 - sign).join()]);
    expect(new Set(all).size).toBe(64);
    for (const row of rows) expect(row.find((sign) => sign !== 0)).toBe(1);
    const keys = rows.map((row) => row.map(Math.abs).join());
    const runs = keys.filter((key, s) => key !== keys[s - 1]);
    expect(new Set(runs).size).toBe(runs.length);
  });

  test('of large systems only the smaller sets are listed', () => {
    // 30 + 435 * 2, since 4,060 * 4 sets of three would be too many; without signs these fit.
    expect(listSignedSets(30, { least: 1, most: 3 }, { signs: true })).toHaveLength(900 * 30);
    expect(listSignedSets(30, { least: 1, most: 3 }, { signs: false })).toHaveLength(4525 * 30);
    expect(listSignedSets(2, { least: 1, most: 5 }, { signs: false })).toHaveLength(3 * 2);
  });

  test('no set at all, or too many of the smallest size, is said with the numbers', () => {
    expect(() => listSignedSets(2, { least: 3, most: 4 }, { signs: true })).toThrow(
      /2 variables have 0 sets of 3 to 4 targets, signs counted, and between 1 and 8192/,
    );
    expect(() => listSignedSets(25, { least: 8, most: 8 }, { signs: false })).toThrow(
      /25 variables have 1081575 sets of 8 targets, and between 1 and 8192/,
    );
  });
});
