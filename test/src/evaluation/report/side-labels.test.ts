import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spreadLabels } from '../../../../src/evaluation/report/side-labels.js';

describe('spreadLabels', () => {
  test('keeps labels apart, in order and inside, and leaves free ones where they are', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { maxLength: 10 }), (positions) => {
        const wanted = [...positions].sort((a, b) => a - b);
        const places = spreadLabels(wanted, 14, 200);
        expect(places).toHaveLength(wanted.length);
        places.forEach((place, index) => {
          expect(place).toBeGreaterThanOrEqual(-1e-9);
          expect(place).toBeLessThanOrEqual(200 + 1e-9);
          if (index > 0) expect(place - places[index - 1]!).toBeGreaterThanOrEqual(14 - 1e-9);
        });
      }),
    );
    expect(spreadLabels([10, 50, 180], 14, 200)).toEqual([10, 50, 180]);
    expect(spreadLabels([100, 100], 14, 200)).toEqual([93, 107]);
    expect(spreadLabels([], 14, 200)).toEqual([]);
  });
});
