import { expect, test } from 'vitest';
import { columnMeans, scatterAbout } from '../../../core/causal/column-moments.js';
import { checkPerturbationData } from '../../../core/causal/perturbation-data.js';

const context = (features: number[], values: number[]) => ({
  features: Float64Array.from(features),
  group: 'a',
  values: Float64Array.from(values),
});
const data = (contexts: ReturnType<typeof context>[], doseFeature?: number) => ({
  size: 2,
  observational: Float64Array.of(1, 2, 3, 4),
  contexts,
  doseFeature,
});

test('data that fit pass', () => {
  expect(() => checkPerturbationData(data([context([1, 0.5], [1, 2, 3, 4])], 1))).not.toThrow();
});

test.each([
  [data([]), 'there is no context'],
  [data([context([1], [1, 2, 3])]), 'context 0 must hold two rows or more of 2 values, got 3'],
  [data([context([1], [1, 2, 3, Number.NaN])]), 'context 0 must hold finite values'],
  [data([context([1], [1, 2, 3, 4]), context([1, 2], [1, 2, 3, 4])]), 'context 1 has 2 features, context 0 has 1'],
  [data([context([Number.NaN], [1, 2, 3, 4])]), 'context 0 has a feature that is no finite number'],
  [data([context([-1], [1, 2, 3, 4])], 0), 'context 0 has dose -1; doses must not be negative'],
  [data([context([1], [1, 2, 3, 4])], 3), 'the dose must be one of the 1 features, got 3'],
])('what does not fit is named', (broken, message) => {
  expect(() => checkPerturbationData(broken)).toThrow(message);
});

test('moments of columns', () => {
  const values = [1, 2, 3, 6];
  expect([...columnMeans(values, 2)]).toEqual([2, 4]);
  expect([...scatterAbout(values, Float64Array.of(2, 4))]).toEqual([2, 4, 4, 8]);
});
