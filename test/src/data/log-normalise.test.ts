import { expect, test } from 'vitest';
import { logNormalise } from '../../../src/data/log-normalise.js';

const table = (values: number[]) => ({
  genes: ['A', 'B'],
  values: Float32Array.from(values),
  perturbations: ['x', 'y'],
});

test('each cell is scaled by its own total', () => {
  const { values, genes } = logNormalise(table([1, 3, 0, 5]));
  expect(genes).toEqual(['A', 'B']);
  [Math.log1p(2500), Math.log1p(7500), 0, Math.log1p(10_000)].forEach((expected, entry) => {
    expect(values[entry]).toBeCloseTo(expected, 5);
  });
});

test('what is not a table of counts is refused', () => {
  expect(() => logNormalise(table([1, 3, 0, 0]))).toThrow('cell 1 has no counts');
  expect(() => logNormalise(table([3, -1, 1, 1]))).toThrow('cell 0 has a negative value');
});
