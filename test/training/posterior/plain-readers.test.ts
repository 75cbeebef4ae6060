import { describe, expect, test } from 'vitest';
import { History } from '../../../core/causal/history.js';
import { observe } from '../../../core/causal/intervention.js';
import { constantReader, correlationReader } from '../../../training/posterior/plain-readers.js';

function historyOf(rows: number[][]): History {
  const history = new History(rows[0]!.length, rows.length);
  history.append(Float32Array.from(rows.flat()), observe(rows[0]!.length));
  return history;
}

describe('correlationReader', () => {
  test('is the absolute correlation of every pair, 0 on the diagonal and for a variable that does not move', () => {
    const history = historyOf([
      [1, -2, 5, 1],
      [2, -4, 5, 3],
      [3, -6, 5, 2],
    ]);
    const pairs = [...correlationReader.edgeProbabilities([history])];
    const expected = [0, 1, 0, 0.5, 1, 0, 0, 0.5, 0, 0, 0, 0, 0.5, 0.5, 0, 0];
    for (const [entry, value] of pairs.entries()) expect(value).toBeCloseTo(expected[entry]!, 6);
  });
});

test('constantReader states its probability for every pair of every history', () => {
  const histories = [historyOf([[1, 2]]), historyOf([[3, 4]])];
  expect([...constantReader(0.25).edgeProbabilities(histories)]).toEqual([0, 0.25, 0.25, 0, 0, 0.25, 0.25, 0]);
});
