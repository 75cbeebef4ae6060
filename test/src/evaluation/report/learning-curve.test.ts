import { expect, test } from 'vitest';
import { averageRuns } from '../../../../src/evaluation/report/learning-curve.js';

const point = (step: number, minutes: number, value: number) => ({ step, minutes, value });

test('runs validated at the same steps: mean minutes, mean value, interval over seeds', () => {
  const curve = averageRuns([
    [point(10, 1, 17), point(20, 2, 19)],
    [point(10, 3, 19), point(20, 6, 19)],
  ]);
  expect(curve.map(({ step, minutes, mean }) => [step, minutes, mean])).toEqual([
    [10, 2, 18],
    [20, 4, 19],
  ]);
  // Two values one apart from their mean: Student's 97.5 % quantile for 1 degree of freedom times sqrt(2 / 2).
  expect(curve[0]!.ci95![0]).toBeCloseTo(18 - 12.7062, 3);
  expect(curve[1]!.ci95).toEqual([19, 19]);
});

test('runs validated at other steps are interpolated where all of them have been', () => {
  const curve = averageRuns([
    [point(0, 0, 0), point(10, 1, 10), point(30, 3, 30)],
    [point(4, 2, 8), point(24, 12, 28)],
  ]);
  expect(curve.map(({ step }) => step)).toEqual([4, 10, 24]);
  // The first run at step 4: minutes 0.4, value 4.
  expect(curve[0]!.minutes).toBeCloseTo(1.2, 12);
  expect(curve[0]!.mean).toBeCloseTo(6, 12);
  // The second run at step 10: minutes 2 + 0.3 * 10, value 8 + 0.3 * 20.
  expect(curve[1]!.minutes).toBeCloseTo(3, 12);
  expect(curve[1]!.mean).toBeCloseTo(12, 12);
  expect(curve[2]!.mean).toBeCloseTo(26, 12);
});

test('one run is its own curve without intervals; runs without a validation do not count', () => {
  expect(averageRuns([[], [point(5, 2, 18)]])).toEqual([{ step: 5, minutes: 2, mean: 18, ci95: null, seeds: 1 }]);
  expect(averageRuns([])).toEqual([]);
  expect(averageRuns([[], []])).toEqual([]);
});

test('runs that never met have no common point', () => {
  expect(averageRuns([[point(1, 1, 1), point(2, 2, 2)], [point(3, 3, 3)]])).toEqual([]);
});
