import { expect, test } from 'vitest';
import { bernoulliEntropy, variableUncertainty } from '../../../../src/evaluation/behaviour/uncertainty.js';

test('entropy of a yes-or-no question in nats', () => {
  expect(bernoulliEntropy(0.5)).toBeCloseTo(Math.LN2, 12);
  // -0.25 ln 0.25 - 0.75 ln 0.75.
  expect(bernoulliEntropy(0.25)).toBeCloseTo(0.5623351446188083, 12);
  expect(bernoulliEntropy(0.75)).toBeCloseTo(0.5623351446188083, 12);
  expect([0, 1, -1e-9, 1 + 1e-9].map(bernoulliEntropy)).toEqual([0, 0, 0, 0]);
});

test('each possible edge counts for both of its ends; the diagonal for none', () => {
  // 0 -> 1 is open, 2 -> 1 has probability 1/4, the others are known.
  const probabilities = [0.5, 0.5, 0, 1, 0.5, 0, 0, 0.25, 0.5];
  const [first, second, third] = variableUncertainty(probabilities, 3);
  expect(first).toBeCloseTo(Math.LN2, 12);
  expect(second).toBeCloseTo(Math.LN2 + 0.5623351446188083, 12);
  expect(third).toBeCloseTo(0.5623351446188083, 12);
});

test('one variable has nothing unknown about it', () => {
  expect([...variableUncertainty([0], 1)]).toEqual([0]);
});
