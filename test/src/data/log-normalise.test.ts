import { expect, test } from 'vitest';
import { logNormalise } from '../../../src/data/log-normalise.js';

test('each cell is scaled by its own total, which may be more than the genes at hand', () => {
  const values = Float64Array.of(1, 3, 0, 5);
  logNormalise(values, Float64Array.of(4, 10));
  [Math.log1p(2500), Math.log1p(7500), 0, Math.log1p(5000)].forEach((expected, entry) => {
    expect(values[entry]).toBeCloseTo(expected, 12);
  });
});
