import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import {
  actorLoss,
  combineEnsemble,
  criticLoss,
  logTemperatureGradient,
  softTarget,
} from '../../../training/redq/losses.js';

beforeAll(async () => {
  await useBackend();
});

describe('softTarget', () => {
  test('is r + gamma (1 - done) (Q - alpha log pi)', () => {
    const target = softTarget(
      {
        reward: tf.tensor1d([1, 2]),
        done: tf.tensor1d([0, 1]),
        nextValue: tf.tensor1d([10, 20]),
        nextLogProbability: tf.tensor1d([-3, 5]),
      },
      0.9,
      0.5,
    );
    expect(target.dataSync()[0]).toBeCloseTo(1 + 0.9 * (10 + 1.5), 5);
    expect(target.dataSync()[1]).toBeCloseTo(2, 6);
  });
});

describe('losses', () => {
  test('the critic pays half the mean squared error', () => {
    expect(criticLoss(tf.tensor1d([1, 4]), tf.tensor1d([2, 2])).dataSync()[0]).toBeCloseTo((1 + 4) / 4, 6);
  });

  test('the actor pays alpha log pi - Q', () => {
    expect(actorLoss(tf.tensor1d([1, 3]), tf.tensor1d([5, 1]), 0.1).dataSync()[0]).toBeCloseTo(0.2 - 3, 6);
  });

  test('the ensemble combines by mean or minimum', () => {
    const values = [tf.tensor1d([1, 6]), tf.tensor1d([3, 2])];
    expect([...combineEnsemble(values, 'mean').dataSync()]).toEqual([2, 4]);
    expect([...combineEnsemble(values, 'minimum').dataSync()]).toEqual([1, 2]);
  });

  test('the temperature rises while the entropy is below its target and falls above it', () => {
    // Entropy is -log pi: 2 nats where 3 are wanted must raise log alpha, so its gradient is negative.
    expect(logTemperatureGradient(-2, 3)).toBe(-1);
    expect(logTemperatureGradient(-4, 3)).toBe(1);
  });
});
