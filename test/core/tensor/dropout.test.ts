import { describe, expect, test } from 'vitest';
import { dropoutFactors, dropoutKeys, dropoutMask } from '../../../core/tensor/dropout.js';

describe('dropoutMask', () => {
  test('drops the given share and scales the rest', () => {
    const mask = dropoutMask(100_000, 0.3, 12, 0);
    const kept = mask.filter((factor) => factor !== 0);
    // Four standard deviations of the binomial share.
    expect(Math.abs(kept.length / mask.length - 0.7)).toBeLessThan(4 * Math.sqrt(0.21 / mask.length));
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.7)]));
  });

  test('depends on seed and branch only, and masks of different branches are independent', () => {
    expect(dropoutMask(1000, 0.5, 3, 1)).toEqual(dropoutMask(1000, 0.5, 3, 1));
    const [a, b] = [dropoutMask(100_000, 0.5, 3, 0), dropoutMask(100_000, 0.5, 3, 1)];
    const both = a.filter((factor, i) => factor !== 0 && b[i] !== 0).length;
    expect(Math.abs(both / a.length - 0.25)).toBeLessThan(4 * Math.sqrt(0.1875 / a.length));
    expect(dropoutMask(1000, 0.5, 4, 1)).not.toEqual(dropoutMask(1000, 0.5, 3, 1));
  });

  test('neighbours are uncorrelated and rate 0 keeps all', () => {
    const mask = dropoutMask(100_000, 0.5, 99, 0);
    const pairs = mask.filter((factor, i) => factor !== 0 && (mask[i + 1] ?? 0) !== 0).length;
    expect(Math.abs(pairs / mask.length - 0.25)).toBeLessThan(0.01);
    expect(dropoutMask(10, 0, 1, 0)).toEqual(new Float32Array(10).fill(1));
  });

  test('the keys of a seed, also as signed integers, give its masks', () => {
    for (const seed of [0, 7, 2 ** 32 - 1]) {
      const keys = dropoutKeys(seed);
      for (const branch of [0, 1])
        expect(dropoutFactors(500, 0.4, keys[branch]!)).toEqual(dropoutMask(500, 0.4, seed, branch));
    }
  });
});
