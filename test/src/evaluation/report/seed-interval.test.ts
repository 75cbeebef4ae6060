import { expect, test } from 'vitest';
import { estimateOverSeeds } from '../../../../src/evaluation/report/seed-interval.js';

test('the interval of five values is the one of a t test', () => {
  // R: t.test(c(19.1, 19.4, 19.2, 19.5, 19.3)) gives 19.30 [19.10368, 19.49632].
  const { mean, ci95, seeds } = estimateOverSeeds([19.1, 19.4, 19.2, 19.5, 19.3]);
  expect(mean).toBeCloseTo(19.3, 10);
  expect(ci95![0]).toBeCloseTo(19.10368, 4);
  expect(ci95![1]).toBeCloseTo(19.49632, 4);
  expect(seeds).toBe(5);
});

test('one seed has no interval', () => {
  expect(estimateOverSeeds([3])).toEqual({ mean: 3, ci95: null, seeds: 1 });
});

test('the quantile is continuous where its table ends', () => {
  const half = (count: number) => {
    const values = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 1 : -1));
    const { mean, ci95 } = estimateOverSeeds(values);
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
    return (ci95![1] - mean) / Math.sqrt(variance / count);
  };
  // Student's 97.5 % quantiles: 2.0423 for 30 and 2.0395 for 31 degrees of freedom.
  expect(half(31)).toBeCloseTo(2.0423, 3);
  expect(half(32)).toBeCloseTo(2.0395, 2);
});
