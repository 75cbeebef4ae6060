import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CompensatedSums } from '../../../../src/data/cells/compensated-sums.js';

function sum(values: readonly number[]): number {
  const sums = new CompensatedSums(2);
  for (const value of values) sums.add(1, value);
  expect(sums.totals[0]).toBe(0);
  return sums.totals[1]!;
}

describe('CompensatedSums', () => {
  test('keeps what plain addition loses', () => {
    expect(sum([1, 1e100, 1, -1e100])).toBe(2);
    expect(sum(Array.from({ length: 10 }, () => 0.1))).toBe(1);
  });

  test('does not depend on the order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { maxLength: 50 }), (values) => {
        expect(sum(values.toReversed())).toBe(sum(values));
        expect(sum(values.toSorted((a, b) => a - b))).toBe(sum(values));
      }),
    );
  });
});
