import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { standardizedChannels } from '../../../models/networks/differentiable-scaling.js';
import { packHistories, standardizeValues, toHistoryBatch } from '../../../models/networks/history-batch.js';
import { randomHistory } from '../random-histories.js';

beforeAll(async () => {
  await useBackend();
});

describe('standardizedChannels', () => {
  const histories = [0, 1, 2].map((k) => randomHistory(4, 7, new RandomStream(`scaling/${k}`)));

  test('equals the scaling that the posterior applies to arrays', () => {
    const arrays = packHistories(histories);
    const scaled = standardizedChannels(toHistoryBatch(arrays).channels).dataSync();
    standardizeValues(arrays);
    arrays.channels.forEach((want, at) => {
      expect(scaled[at]).toBeCloseTo(want, 4);
    });
  });

  test('padded rows count for nothing and stay 0', () => {
    const uneven = [2, 7, 0].map((rows) => randomHistory(4, rows, new RandomStream(`uneven/${rows}`)));
    const arrays = packHistories(uneven);
    const { channels, rowMask } = toHistoryBatch(arrays);
    const scaled = standardizedChannels(channels, rowMask).dataSync();
    standardizeValues(arrays);
    arrays.channels.forEach((want, at) => {
      expect(scaled[at]).toBeCloseTo(want, 4);
    });
  });

  test('a constant variable becomes 0 and has a finite gradient', () => {
    const x = tf.tensor4d([0.7, 0, 1, 0, 0.7, 0, 2, 1, 0.7, 1, 4, 0], [1, 3, 2, 2]);
    const scaled = standardizedChannels(x).arraySync()[0]!;
    for (const row of scaled) expect(Math.abs(row[0]![0]!)).toBe(0);
    const gradient = tf
      .grad((y) => tf.sum(tf.square(standardizedChannels(y as tf.Tensor4D))))(x)
      .dataSync();
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  test('the gradient matches central differences', () => {
    const { channels } = packHistories([histories[0]!]);
    const weights = tf.tensor4d(new RandomStream('w').fillNormal(new Float32Array(channels.length)), [1, 7, 4, 2]);
    const f = (x: tf.Tensor) => tf.sum(tf.mul(weights, standardizedChannels(x as tf.Tensor4D))) as tf.Scalar;
    const analytic = tf
      .grad(f)(tf.tensor4d(channels, [1, 7, 4, 2]))
      .dataSync();
    for (const at of [0, 2, 10, 24, 38]) {
      const moved = (step: number) =>
        f(
          tf.tensor4d(
            channels.map((v, i) => (i === at ? v + step : v)),
            [1, 7, 4, 2],
          ),
        ).dataSync()[0]!;
      expect(analytic[at]).toBeCloseTo((moved(1e-2) - moved(-1e-2)) / 2e-2, 2);
    }
  });
});
