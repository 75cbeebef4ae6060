import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { SignDistribution, sampleValues } from '../../../../models/policy/distributions/value-signs.js';

beforeAll(async () => {
  await useBackend();
});

describe('SignDistribution', () => {
  const logits = [0.8, -1.5, 0.1];
  const distribution = () => new SignDistribution(tf.tensor2d([logits]));

  test('the signs of the targets have the probabilities of the logits; other signs do not count', () => {
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const targets = Uint8Array.of(1, 1, 0);
    const logProbability = (...positive: number[]) =>
      distribution().logProbability(Uint8Array.from(positive), targets).dataSync()[0];
    expect(logProbability(1, 0, 0)).toBeCloseTo(Math.log(sigmoid(0.8) * sigmoid(1.5)), 5);
    expect(logProbability(1, 0, 1)).toBe(logProbability(1, 0, 0));
    expect([...distribution().mode()]).toEqual([1, 0, 1]);
  });

  test('draws come with these probabilities', () => {
    const counts = [0, 0, 0];
    for (let draw = 0; draw < 2000; draw++)
      distribution()
        .draw([new RandomStream(`sign/${draw}`)])
        .forEach((positive, i) => {
          counts[i]! += positive;
        });
    counts.forEach((count, i) => {
      const p = 1 / (1 + Math.exp(-logits[i]!));
      expect(Math.abs(count / 2000 - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 2000));
    });
  });
});

describe('sampleValues', () => {
  const makeGaussian = () => ({ mean: tf.tensor2d([[0.3, -0.4]]), logStd: tf.tensor2d([[-0.5, -1]]) });

  test('chosen signs are kept, and the density integrates to 1 over its half', () => {
    const gaussian = makeGaussian();
    const positive = Uint8Array.of(1, 0);
    const steps = 4000;
    let mass = 0;
    let before = 0;
    for (let k = 0; k <= steps; k++) {
      const noise = tf.tensor2d([[-8 + (16 * k) / steps, -8 + (16 * k) / steps]]);
      const { action, logDensity } = sampleValues(gaussian, noise, positive);
      const [up, down] = action.dataSync();
      expect(up).toBeGreaterThanOrEqual(0);
      expect(down).toBeLessThanOrEqual(0);
      if (k > 0) mass += Math.exp(logDensity.dataSync()[0]!) * (up! - before);
      before = up!;
      tf.dispose([noise, action, logDensity]);
    }
    expect(mass).toBeCloseTo(1, 2);
  });

  test('without chosen signs the value is tanh of the Gaussian', () => {
    const { action } = sampleValues(makeGaussian(), tf.tensor2d([[1, 0]]));
    expect(action.dataSync()[0]).toBeCloseTo(Math.tanh(0.3 + Math.exp(-0.5)), 5);
    expect(action.dataSync()[1]).toBeCloseTo(Math.tanh(-0.4), 5);
  });
});
