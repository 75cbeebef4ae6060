import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import { tanhGaussianSample } from '../../../../models/policy/distributions/tanh-gaussian.js';

interface Case {
  mean: number[][];
  logStd: number[][];
  noise: number[][];
  action: number[][];
  logProb: number[];
}

beforeAll(async () => {
  await useBackend();
});

describe('tanhGaussianSample', () => {
  // test/fixtures/tanh_gaussian.json: torch 1.13, float64.
  const cases = JSON.parse(
    readFileSync(new URL('../../../fixtures/tanh_gaussian.json', import.meta.url), 'utf8'),
  ) as Case[];
  test.each(cases.map((entry, index) => ({ entry, index })))('matches the reference, case $index', ({ entry }) => {
    const sample = tanhGaussianSample(tf.tensor(entry.mean), tf.tensor(entry.logStd), tf.tensor(entry.noise));
    const action = sample.action.dataSync();
    entry.action.flat().forEach((want, at) => {
      expect(action[at]).toBeCloseTo(want, 5);
    });
    const logProbability = sample.logProbability.dataSync();
    entry.logProb.forEach((want, at) => {
      expect(logProbability[at]).toBeCloseTo(want, 4);
    });
  });

  test('the density stays finite where tanh saturates', () => {
    const sample = tanhGaussianSample(tf.tensor([[30, -30]]), tf.zeros([1, 2]), tf.zeros([1, 2]));
    // log N(0; 0, 1) for both numbers, minus log(1 - tanh^2 30) = 2 (log 2 - 30) for each.
    expect(sample.logProbability.dataSync()[0]).toBeCloseTo(-Math.log(2 * Math.PI) - 4 * (Math.log(2) - 30), 3);
  });

  test('the gradient of the log-density matches central differences', () => {
    const noise = tf.tensor([[0.3, -1.2, 0.7]]);
    const logStd = tf.tensor([[-0.4, -0.9, -0.1]]);
    const f = (mean: tf.Tensor) => tf.sum(tanhGaussianSample(mean, logStd, noise).logProbability) as tf.Scalar;
    const at = [0.2, -0.5, 1.1];
    const analytic = tf
      .grad(f)(tf.tensor([at]))
      .dataSync();
    at.forEach((_, k) => {
      const shifted = (step: number) => f(tf.tensor([at.map((v, i) => (i === k ? v + step : v))])).dataSync()[0]!;
      expect(analytic[k]).toBeCloseTo((shifted(1e-2) - shifted(-1e-2)) / 2e-2, 2);
    });
  });
});
