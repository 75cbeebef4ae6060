import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { appendRows } from '../../../training/branched-gradient/append-rows.js';

beforeAll(async () => {
  await useBackend({ threads: 1 });
});

test.each([5, 0])('after %i rows: equals concatenation in value and gradient', (startRows) => {
  const stream = new RandomStream('append-rows');
  const random = (rows: number) => tf.tensor4d(stream.fillNormal(new Float32Array(3 * rows * 4 * 2)), [3, rows, 4, 2]);
  const start = startRows === 0 ? undefined : random(startRows);
  const constant = start === undefined ? [] : [start];
  const experiments = [random(2), random(1), random(2)];
  const weights = random(startRows + 5);
  const weighted = (join: (parts: tf.Tensor4D[]) => tf.Tensor) =>
    tf.grads((...parts: tf.Tensor[]) => tf.sum(tf.mul(tf.square(join(parts as tf.Tensor4D[])), weights)));
  expect(appendRows(start, experiments).dataSync()).toEqual(tf.concat([...constant, ...experiments], 1).dataSync());
  const ours = weighted((parts) => appendRows(start, parts))(experiments);
  const stock = weighted((parts) => tf.concat([...constant, ...parts], 1))(experiments);
  ours.forEach((gradient, i) => {
    expect(gradient.shape).toEqual(stock[i]!.shape);
    gradient.dataSync().forEach((value, at) => {
      expect(value).toBeCloseTo(stock[i]!.dataSync()[at]!, 5);
    });
  });
  if (start !== undefined) expect(appendRows(start, []).dataSync()).toEqual(start.dataSync());
});
