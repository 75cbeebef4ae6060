import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../../core/random/stream.js';
import { Bootstrap, pairedDifferences, quantile } from '../../../../src/evaluation/scores/statistics.js';

const stream = (name: string) => new RandomStream(`statistics-test/${name}`);

describe('quantile', () => {
  test('agrees with the type 7 definition', () => {
    expect(quantile([1, 2, 4, 8], 0)).toBe(1);
    expect(quantile([1, 2, 4, 8], 1)).toBe(8);
    expect(quantile([1, 2, 4, 8], 0.5)).toBe(3);
    expect(quantile([1, 2, 4, 8], 0.25)).toBe(1.75);
    expect(quantile([5], 0.3)).toBe(5);
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe('Bootstrap', () => {
  test('few systems have the interval of Student', () => {
    const { mean, ci95, n } = new Bootstrap(2, 400, stream('two')).estimate([0, 1]);
    expect({ mean, n }).toEqual({ mean: 0.5, n: 2 });
    // t with one degree of freedom is Cauchy's law: its 97.5 % quantile is tan(0.475 pi); s / sqrt(2) is 1/2.
    expect(ci95[1] - 0.5).toBeCloseTo(Math.tan(0.475 * Math.PI) / 2, 3);
    expect(0.5 - ci95[0]).toBeCloseTo(ci95[1] - 0.5, 12);
  });

  test.each([2, 3, 5, 10, 19])('%i normal figures: the interval holds the mean in about 95 of 100 cases', (count) => {
    const bootstrap = new Bootstrap(count, 1, stream('few/resamples'));
    const repetitions = 4000;
    let covered = 0;
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const values = stream(`few/${count}/${repetition}`).fillNormal(new Float64Array(count), 4, 2);
      const { ci95 } = bootstrap.estimate(values);
      if (ci95[0] <= 4 && 4 <= ci95[1]) covered++;
    }
    // Binomial(4000, 0.95): four standard deviations are 1.4 percentage points.
    expect(Math.abs(covered / repetitions - 0.95)).toBeLessThan(0.014);
  });

  test('one system says nothing about others: no interval; equal figures have one without width', () => {
    expect(new Bootstrap(1, 50, stream('one')).estimate([3])).toEqual({
      mean: 3,
      ci95: [Number.NaN, Number.NaN],
      n: 1,
    });
    expect(new Bootstrap(5, 50, stream('equal')).estimate([2, 2, 2, 2, 2])).toEqual({ mean: 2, ci95: [2, 2], n: 5 });
  });

  test('normal figures: the interval is mean -+ 1.96 s / sqrt(n)', () => {
    const n = 500;
    const values = stream('normal').fillNormal(new Float64Array(n), 10, 3);
    const { mean, ci95 } = new Bootstrap(n, 4000, stream('normal/resamples')).estimate(values);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
    const half = (1.96 * deviation) / Math.sqrt(n);
    expect(mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / n, 10);
    expect(Math.abs(ci95[0] - (mean - half))).toBeLessThan(0.1 * half);
    expect(Math.abs(ci95[1] - (mean + half))).toBeLessThan(0.1 * half);
  });

  test('the interval covers the true mean about 95 times of 100', () => {
    const n = 60;
    const bootstrap = new Bootstrap(n, 600, stream('coverage/resamples'));
    const repetitions = 400;
    let covered = 0;
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const values = stream(`coverage/${repetition}`).fillUniform(new Float64Array(n), 0, 1);
      const { ci95 } = bootstrap.estimate(values);
      if (ci95[0] <= 0.5 && 0.5 <= ci95[1]) covered++;
    }
    // Binomial(400, 0.94): three standard deviations are 3.6 percentage points.
    expect(covered / repetitions).toBeGreaterThan(0.9);
    expect(covered / repetitions).toBeLessThan(0.99);
  });

  test('undefined systems are left out and n says how many remain', () => {
    const { mean, n, ci95 } = new Bootstrap(4, 500, stream('nan')).estimate([Number.NaN, 1, 3, Number.NaN]);
    expect({ mean, n }).toEqual({ mean: 2, n: 2 });
    expect(ci95[1] - 2).toBeCloseTo(Math.tan(0.475 * Math.PI), 3);
    const none = new Bootstrap(2, 10, stream('none')).estimate([Number.NaN, Number.NaN]);
    expect(none.n).toBe(0);
    expect(none.mean).toBeNaN();
    expect(none.ci95[0]).toBeNaN();
  });

  test('no systems at all is undefined, not an error', () => {
    expect(new Bootstrap(0, 10, stream('zero')).estimate([]).n).toBe(0);
  });

  test('an interval moves and stretches with the figures', () => {
    const bootstrap = new Bootstrap(20, 200, stream('affine'));
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 20, maxLength: 20 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: -9, max: 9 }),
        (values, scale, shift) => {
          const before = bootstrap.estimate(values);
          const after = bootstrap.estimate(values.map((value) => scale * value + shift));
          expect(after.ci95[0]).toBeCloseTo(scale * before.ci95[0] + shift, 9);
          expect(after.ci95[1]).toBeCloseTo(scale * before.ci95[1] + shift, 9);
          expect(before.ci95[0]).toBeLessThanOrEqual(before.mean + 1e-12);
          expect(before.ci95[1]).toBeGreaterThanOrEqual(before.mean - 1e-12);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('the same stream gives the same interval', () => {
    const values = stream('same').fillNormal(new Float64Array(30));
    const first = new Bootstrap(30, 100, stream('same/resamples')).estimate(values);
    expect(new Bootstrap(30, 100, stream('same/resamples')).estimate(values)).toEqual(first);
  });

  test('refuses a wrong length and a number of samples that is none', () => {
    expect(() => new Bootstrap(3, 10, stream('bad')).estimate([1])).toThrow("'values' must have 3 entries, got 1");
    expect(() => new Bootstrap(3, 0, stream('bad'))).toThrow('must be a positive integer, got 0');
  });
});

test('pairedDifferences subtracts system by system and keeps undefined ones undefined', () => {
  const difference = pairedDifferences(Float64Array.of(3, Number.NaN, 5), Float64Array.of(1, 2, Number.NaN));
  expect([...difference]).toEqual([2, Number.NaN, Number.NaN]);
});
