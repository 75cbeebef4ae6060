import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../core/random/stream.js';
import { listTrials, parseVariation } from '../../src/cli/sweep/search-space.js';

// Draws of a search that lie outside their range or prefer its middle (Ax #353, ray #12717).

/** Values of one option in `draws` trials of a fixed stream. */
function drawn(variation: string, draws: number): number[] {
  const parsed = parseVariation(variation);
  const trials = listTrials([parsed], { draws, stream: new RandomStream('random-search-test') });
  return trials.map(({ values }) => values[parsed.option] as number);
}

const countOf = (values: readonly number[], wanted: number) => values.filter((value) => value === wanted).length;

/** Pearson's statistic of counts against equal or given probabilities. */
function chiSquare(counts: readonly number[], probabilities: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce(
    (sum, count, k) => sum + (count - total * probabilities[k]!) ** 2 / (total * probabilities[k]!),
    0,
  );
}

describe('whole numbers', () => {
  test('{from: 1, to: 3, integer: true}: 2,000 of 6,000 each', () => {
    const values = drawn('x={ from: 1, to: 3, integer: true }', 6000);
    const counts = [1, 2, 3].map((value) => countOf(values, value));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(6000);
    // Binomial(6000, 1/3): the standard deviation is 36.5.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(4 * 36.5);
  });

  test.each([
    [1, 10],
    [-3, 4],
    [0.5, 3.5],
    [7, 107],
  ])('from %d to %d: uniform', (from, to) => {
    const values = drawn(`x={ from: ${from}, to: ${to}, integer: true }`, 20_000);
    const possible = Array.from({ length: Math.floor(to) - Math.ceil(from) + 1 }, (_, k) => Math.ceil(from) + k);
    const counts = possible.map((value) => countOf(values, value));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20_000);
    const degrees = possible.length - 1;
    // Mean and standard deviation of chi squared; five of the latter.
    expect(
      chiSquare(
        counts,
        possible.map(() => 1 / possible.length),
      ),
    ).toBeLessThan(degrees + 5 * Math.sqrt(2 * degrees));
  });

  test('on a log scale k has the probability of [k, k + 1)', () => {
    const values = drawn('x={ from: 1, to: 16, scale: log, integer: true }', 20_000);
    const possible = Array.from({ length: 16 }, (_, k) => k + 1);
    const probabilities = possible.map((k) => Math.log((k + 1) / k) / Math.log(17));
    const counts = possible.map((value) => countOf(values, value));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20_000);
    expect(chiSquare(counts, probabilities)).toBeLessThan(15 + 5 * Math.sqrt(30));
  });
});

describe('bounded numbers', () => {
  test.each([
    ['learner.discount={ from: 0.9999, to: 0.99999 }', 0.9999, 0.99999],
    ['x={ from: 0.1, to: 0.30000000000000004 }', 0.1, 0.30000000000000004],
    ['x={ from: 1000000, to: 1000001 }', 1e6, 1e6 + 1],
    ['x={ from: -2, to: -1 }', -2, -1],
    ['x={ from: -1e-3, to: 5 }', -1e-3, 5],
    ['x={ from: 0.9999, to: 1.0001, scale: log }', 0.9999, 1.0001],
    ['x={ from: 1e-9, to: 1e3, scale: log }', 1e-9, 1e3],
  ])('%s: within the range, and uniform on its scale', (variation, from, to) => {
    const values = drawn(variation, 4000);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(from);
    expect(Math.max(...values)).toBeLessThanOrEqual(to);
    expect(new Set(values).size).toBeGreaterThan(2000);
    const share = (value: number) =>
      variation.includes('log') ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
    const counts = new Array<number>(10).fill(0);
    for (const value of values) counts[Math.min(9, Math.floor(10 * share(value)))]!++;
    expect(
      chiSquare(
        counts,
        counts.map(() => 0.1),
      ),
    ).toBeLessThan(9 + 5 * Math.sqrt(18));
  });

  test('a discount of 1 is never drawn from below it', () => {
    expect(drawn('learner.discount={ from: 0.9999, to: 0.99999 }', 6000).filter((value) => value >= 1)).toEqual([]);
  });

  test('wide ranges keep four digits', () => {
    for (const value of drawn('x={ from: 0, to: 1 }', 100)) expect(String(value).length).toBeLessThanOrEqual(8);
  });
});
