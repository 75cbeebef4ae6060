import { expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { RandomFourierFunction } from '../../../envs/linear-scm/random-fourier-function.js';

const options = { features: 50, lengthScale: 3, outputScale: 2 };

test('covariances over functions are those of the squared-exponential kernel', () => {
  const stream = new RandomStream('random-fourier');
  const functions = Array.from({ length: 4000 }, (_, k) => RandomFourierFunction.sample(2, options, stream.child(k)));
  const origin = functions.map((f) => f.evaluate(Float64Array.of(1, -1)));
  for (const distance of [0, 1.5, 3, 6]) {
    const shifted = functions.map((f) => f.evaluate(Float64Array.of(1 + 0.6 * distance, -1 - 0.8 * distance)));
    const covariance = shifted.reduce((sum, value, k) => sum + value * origin[k]!, 0) / functions.length;
    // Four standard errors of a product of two normals with variance 4.
    expect(Math.abs(covariance - 4 * Math.exp(-(distance ** 2) / 18))).toBeLessThan((4 * 4 * 1.5) / Math.sqrt(4000));
  }
});

test('without inputs it is a constant', () => {
  const constant = RandomFourierFunction.sample(0, options, new RandomStream('constant'));
  expect(constant.evaluate(new Float64Array(0))).toBe(constant.evaluate(Float64Array.of(5, 7)));
});
