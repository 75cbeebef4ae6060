import { expect, test } from 'vitest';
import { sinkhorn, sinkhornDivergence } from '../../../core/distances/sinkhorn.js';

const options = { cost: 'squaredEuclidean', regularisation: 1 } as const;

test('one row against one: nothing to choose', () => {
  expect(sinkhorn({ x: [0, 0], y: [3, 4], size: 2 }, options)).toEqual({ transportCost: 25, objective: 25 });
});

test('two against two with a known plan: each side of the square is used with the logistic of the costs', () => {
  const { transportCost } = sinkhorn({ x: [0, 1], y: [0, 1], size: 1 }, options);
  // The plan is [[p, q], [q, p]] with p + q = 1/2 and p / q = exp(1): costs are 0 and 1.
  expect(transportCost).toBeCloseTo(1 / (1 + Math.E), 9);
});

test('the divergence of a set with a copy of itself is 0', () => {
  expect(sinkhornDivergence({ x: [0, 1, 2, 5], y: [0, 1, 2, 5], size: 2 }, options)).toBeCloseTo(0, 9);
});

test('an iteration that has not converged says so', () => {
  expect(() => sinkhorn({ x: [0, 1, 2, 5], y: [3, 3, 9, 1], size: 2 }, { ...options, maximumIterations: 1 })).toThrow(
    'marginals have not converged in 1 iterations',
  );
});
