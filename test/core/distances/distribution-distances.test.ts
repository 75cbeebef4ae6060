import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { energyDistanceSquared, kernelDiscrepancy, meanError } from '../../../core/distances/distribution-distances.js';
import { wasserstein1, wasserstein2Squared } from '../../../core/distances/optimal-transport.js';

const values = (count: number) =>
  fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: count, maxLength: count });
const pairs = fc.record({ x: values(12), y: values(16) }).map((sets) => ({ ...sets, size: 2 }));

describe('distances of two sets of rows', () => {
  test('one row against one: closed forms', () => {
    const sets = { x: [0, 0], y: [3, 4], size: 2 };
    expect(meanError(sets)).toBe(5);
    expect(energyDistanceSquared(sets)).toBe(10);
    expect(wasserstein1(sets)).toBe(5);
    expect(wasserstein2Squared(sets)).toBe(25);
    expect(kernelDiscrepancy(sets, 5).squaredBiased).toBeCloseTo(2 - 2 * Math.exp(-0.5), 12);
    expect(kernelDiscrepancy(sets, 5).squaredUnbiased).toBeNull();
  });

  test('all are symmetric, and 0 for a set against itself', () => {
    fc.assert(
      fc.property(pairs, ({ x, y, size }) => {
        const mirrored = { x: y, y: x, size };
        expect(energyDistanceSquared(mirrored)).toBeCloseTo(energyDistanceSquared({ x, y, size }), 9);
        expect(kernelDiscrepancy({ x, y: x, size }, 1).squaredBiased).toBeCloseTo(0, 9);
      }),
      { numRuns: 30 },
    );
  });

  test('sets of another width are refused', () => {
    expect(() => meanError({ x: [1, 2], y: [1, 2], size: 2 })).not.toThrow();
    expect(() => energyDistanceSquared({ x: [1, 2, 3], y: [1, 2], size: 2 })).toThrow("'x' must have shape");
  });
});
