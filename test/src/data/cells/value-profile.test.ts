import { describe, expect, test } from 'vitest';
import { ValueProfile } from '../../../../src/data/cells/value-profile.js';

function profile(...values: number[]): ValueProfile {
  const made = new ValueProfile();
  values.forEach((value, cell) => {
    made.add(value, cell, 2 * cell);
  });
  return made;
}

describe('ValueProfile', () => {
  test.each([
    [[0, 3, 58], 'counts', 'whole numbers from 0 to 58: counts'],
    [[0, 0.75, 6.5], 'logarithms', 'fractions from 0 to 6.5: logarithms'],
    [[-1.5, 2], 'scaled', 'negative ones among them, from -1.5 to 2: centred or scaled'],
    [[1.5, 7341.25], 'measurements', 'fractions from 1.5 to 7341.25: neither counts nor logarithms'],
    [[0, 0], 'nothing', 'no value differs from 0'],
    [[], 'nothing', 'no value differs from 0'],
  ])('%j are %s', (values, kind, description) => {
    expect(profile(...values).kind).toBe(kind);
    expect(profile(...values).describe()).toBe(description);
  });

  test('knows where the first negative value is', () => {
    expect(profile(1, 0).firstNegative).toBeUndefined();
    expect(profile(1, -2, -3).firstNegative).toEqual({ cell: 1, column: 2 });
  });
});
