import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { edgeCrossEntropy, spectralRadius } from '../../../training/posterior/loss.js';

beforeAll(async () => {
  await useBackend();
});

const logit = (p: number) => Math.log(p / (1 - p));
const scalar = (value: tf.Scalar) => value.dataSync()[0]!;

describe('edgeCrossEntropy', () => {
  test('is the mean of -log q over off-diagonal entries; the diagonal does not matter', () => {
    const logits = tf.tensor3d([
      [
        [9, logit(0.8)],
        [logit(0.3), -9],
      ],
    ]);
    const graphs = tf.tensor3d([
      [
        [0, 1],
        [0, 0],
      ],
    ]);
    expect(scalar(edgeCrossEntropy(logits, graphs))).toBeCloseTo(-(Math.log(0.8) + Math.log(0.7)) / 2, 5);
  });

  test('a single variable has no pairs and costs nothing', () => {
    expect(scalar(edgeCrossEntropy(tf.tensor3d([[[5]]]), tf.zeros([1, 1, 1])))).toBe(0);
  });

  test('its gradient is (q - edge) / pairs', () => {
    const graphs = tf.tensor3d([
      [
        [0, 1],
        [0, 0],
      ],
    ]);
    const gradient = tf.grad((logits: tf.Tensor) => edgeCrossEntropy(logits as tf.Tensor3D, graphs));
    const at = gradient(
      tf.tensor3d([
        [
          [0, logit(0.8)],
          [logit(0.3), 0],
        ],
      ]),
    ).dataSync();
    [0, (0.8 - 1) / 2, 0.3 / 2, 0].forEach((want, i) => {
      expect(at[i]).toBeCloseTo(want, 5);
    });
  });
});

describe('spectralRadius', () => {
  test('of a two-cycle with probabilities p and q is sqrt(p q)', () => {
    // Equal probabilities: the iteration of a two-cycle settles only then.
    const logits = tf.tensor3d([
      [
        [0, logit(0.6)],
        [logit(0.6), 0],
      ],
    ]);
    expect(scalar(spectralRadius(logits))).toBeCloseTo(0.6, 4);
  });

  test('of a uniform matrix p (1 - I) is p (d - 1)', () => {
    const logits = tf.fill([2, 5, 5], logit(0.25)) as tf.Tensor3D;
    expect(scalar(spectralRadius(logits))).toBeCloseTo(1, 4);
  });

  test('of a chain that is all but certain is near 0, of a certain cycle near 1', () => {
    const chain = tf.tensor3d([
      [
        [0, 20, -20],
        [-20, 0, 20],
        [-20, -20, 0],
      ],
    ]);
    const cycle = tf.tensor3d([
      [
        [0, 20, -20],
        [-20, 0, 20],
        [20, -20, 0],
      ],
    ]);
    expect(scalar(spectralRadius(chain))).toBeLessThan(0.01);
    expect(scalar(spectralRadius(cycle))).toBeCloseTo(1, 3);
  });

  test.each([1, 2, 3])('is finite with its gradient for a certain chain of %i variables', (size) => {
    const logits = new Float32Array(size * size).fill(-200);
    for (let i = 0; i + 1 < size; i++) logits[i * size + i + 1] = 200;
    const f = (x: tf.Tensor) => spectralRadius(x as tf.Tensor3D);
    const { value, grad } = tf.valueAndGrad(f)(tf.tensor3d(logits, [1, size, size]));
    expect(scalar(value as tf.Scalar)).toBe(0);
    expect([...grad.dataSync()].every(Number.isFinite)).toBe(true);
  });

  test('its gradient matches central differences', () => {
    const values = new Float32Array(16);
    new RandomStream('spectral').fillNormal(values);
    const f = (logits: tf.Tensor) => spectralRadius(tf.reshape(logits, [1, 4, 4]));
    const analytic = tf.grad(f)(tf.tensor1d(values)).dataSync();
    for (const entry of [1, 6, 8, 14]) {
      const shifted = (step: number) => {
        const moved = values.slice();
        moved[entry]! += step;
        return scalar(f(tf.tensor1d(moved)));
      };
      expect(analytic[entry]).toBeCloseTo((shifted(1e-2) - shifted(-1e-2)) / 2e-2, 3);
    }
  });
});
