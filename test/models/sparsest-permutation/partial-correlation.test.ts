import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import {
  dependentVariables,
  partialCorrelationTest,
  sampleCorrelation,
  upperNormalQuantile,
} from '../../../models/sparsest-permutation/partial-correlation.js';

const stream = new RandomStream('partial-correlation');

describe('partial correlations', () => {
  test('normal quantiles', () => {
    expect(upperNormalQuantile(0.025)).toBeCloseTo(1.959963985, 8);
    expect(upperNormalQuantile(0.0005)).toBeCloseTo(3.290526731, 8);
    expect(upperNormalQuantile(0.5)).toBeCloseTo(0, 12);
  });

  test('sample correlation against its definition', () => {
    const correlation = sampleCorrelation([1, 2, 3, 5, 2, 2], 2);
    expect(correlation.get(0, 0)).toBe(1);
    expect(correlation.get(1, 0)).toBeCloseTo(1.5 / Math.sqrt(3), 14);
    expect(() => sampleCorrelation([1, 2], 2)).toThrow('at least 2 rows');
    expect(() => sampleCorrelation([1, 2, 3], 2)).toThrow("'values' must have shape [2], got [3]");
  });

  test('a combination of other variables is named', () => {
    const values = stream.child('collinear').fillNormal(new Float64Array(4 * 60));
    for (let row = 0; row < 60; row++) values[4 * row + 3] = 2 * values[4 * row]! - values[4 * row + 2]!;
    expect(() => partialCorrelationTest(values, 4, 0.01)).toThrow('variable 3 is a linear combination of 0, 2');
  });

  test('false alarms come at the rate alpha', () => {
    let alarms = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const values = stream.child('alarms', trial).fillNormal(new Float64Array(3 * 40));
      alarms += dependentVariables(partialCorrelationTest(values, 3, 0.1), 0, [1, 2]).length;
    }
    expect(Math.abs(alarms / 4000 - 0.1)).toBeLessThan(0.02);
  });

  test('a chain: its ends depend on each other alone, not given the middle', () => {
    const values = stream.child('chain').fillNormal(new Float64Array(3 * 5000));
    for (let row = 0; row < 5000; row++) {
      values[3 * row + 1]! += values[3 * row]!;
      values[3 * row + 2]! += values[3 * row + 1]!;
    }
    const test = partialCorrelationTest(values, 3, 1e-3);
    expect(dependentVariables(test, 2, [0])).toEqual([0]);
    expect(dependentVariables(test, 2, [0, 1])).toEqual([1]);
    expect(dependentVariables(test, 2, [])).toEqual([]);
  });
});
