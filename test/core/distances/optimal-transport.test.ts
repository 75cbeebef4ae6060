import fc from 'fast-check';
import { expect, test } from 'vitest';
import { meanError } from '../../../core/distances/distribution-distances.js';
import { wasserstein1, wasserstein2Squared } from '../../../core/distances/optimal-transport.js';
import { sinkhorn } from '../../../core/distances/sinkhorn.js';

const values = (count: number) =>
  fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: count, maxLength: count });

test('W1 is symmetric, at least the distance of the means and at most the cost of any plan', () => {
  fc.assert(
    fc.property(values(12), values(16), (x, y) => {
      const sets = { x, y, size: 2 };
      const distance = wasserstein1(sets);
      expect(wasserstein1({ x: y, y: x, size: 2 })).toBeCloseTo(distance, 9);
      expect(wasserstein1({ x, y: x, size: 2 })).toBeCloseTo(0, 9);
      expect(distance).toBeGreaterThanOrEqual(meanError(sets) - 1e-9);
      const entropic = sinkhorn(sets, { cost: 'euclidean', regularisation: 2 });
      expect(entropic.transportCost).toBeGreaterThanOrEqual(distance - 1e-9);
    }),
    { numRuns: 30 },
  );
});

test.each([
  [wasserstein1, 1],
  [wasserstein2Squared, 2],
])('%o of one dimension pairs the sorted values', (distance, power) => {
  fc.assert(
    fc.property(values(9), values(9), (x, y) => {
      const [a, b] = [x, y].map((set) => set.toSorted((p, q) => p - q)) as [number[], number[]];
      const expected = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!) ** power, 0) / 9;
      expect(distance({ x, y, size: 1 })).toBeCloseTo(expected, 9);
    }),
    { numRuns: 50 },
  );
});
