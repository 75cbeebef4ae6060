import { describe, expect, test } from 'vitest';
import { listSignedSets } from '../../../core/causal/target-sets.js';
import { RandomStream } from '../../../core/random/stream.js';
import { chooseTrials, type SetValuation } from '../../../training/action-values/trials.js';
import { randomHistory } from '../../models/random-histories.js';

const SIZE = 5;
const sets = listSignedSets(SIZE, { least: 1, most: 3 }, { signs: true });
const histories = [0, 1, 2].map((k) => randomHistory(SIZE, 3, new RandomStream(`trials/${k}`)));
const streams = () => histories.map((_, k) => new RandomStream(`trials/stream/${k}`));
const rowsOf = (own: Int8Array) =>
  Array.from({ length: own.length / SIZE }, (_, s) => [...own.subarray(s * SIZE, (s + 1) * SIZE)]);
const targetsOf = (row: number[]) => row.reduce((sum, sign) => sum + Math.abs(sign), 0);

/** Sets are worth more the more of their members are negative, and the fewer they are. */
const worth = (row: number[]) => 10 * row.filter((sign) => sign < 0).length - targetsOf(row);
const valuation: SetValuation = (_histories, pools) =>
  Float32Array.from(pools.flatMap((pool) => rowsOf(pool).map(worth)));

describe('chooseTrials', () => {
  test('starts with the contenders in the order of their values', () => {
    const trials = chooseTrials({ valuation, sets, candidates: 20, contenders: 6 }, histories, streams());
    const best = rowsOf(sets)
      .map(worth)
      .sort((a, b) => b - a);
    for (const own of trials) expect(rowsOf(own).slice(0, 6).map(worth)).toEqual(best.slice(0, 6));
  });

  test('the others are other sets, about as many of each number of targets', () => {
    const options = { valuation, sets, candidates: 16, contenders: 1 };
    for (const own of chooseTrials(options, histories, streams())) {
      const rows = rowsOf(own);
      expect(new Set(rows.map((row) => row.join())).size).toBe(16);
      const counts = [1, 2, 3].map((targets) => rows.slice(1).filter((row) => targetsOf(row) === targets).length);
      // The contender is missing from its group.
      for (const count of counts) expect(Math.abs(count - 5)).toBeLessThanOrEqual(1);
    }
  });

  test('all are tried where there are no more than candidates', () => {
    const options = { valuation, sets, candidates: 100, contenders: 5 };
    for (const own of chooseTrials(options, histories, streams()))
      expect(
        rowsOf(own)
          .map((row) => row.join())
          .sort(),
      ).toEqual(
        rowsOf(sets)
          .map((row) => row.join())
          .sort(),
      );
  });

  test('states draw sets of their own', () => {
    const flat: SetValuation = (_histories, pools) =>
      new Float32Array(pools.reduce((n, pool) => n + pool.length / SIZE, 0));
    const trials = chooseTrials({ valuation: flat, sets, candidates: 4, contenders: 1 }, histories, streams());
    expect(new Set(trials.map((own) => own.join())).size).toBe(3);
  });
});
