import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import { MemoryPool } from '../../../../core/native/memory/memory-pool.js';
import { encoderLayer } from '../../../../core/tensor/encoder-layer.js';
import { valueAndGradients } from '../../../../core/tensor/optimizers.js';
import { ParameterSet } from '../../../../core/tensor/parameters.js';
import { nativeIsUsable } from '../../tensor/usable-backends.js';
import { layerNumbers } from '../random-layer.js';
import { smallTraining } from '../small-training.js';

beforeAll(async () => {
  if (nativeIsUsable) await useBackend({ backend: 'native' });
});

describe('MemoryPool', () => {
  test('gives a returned buffer again, at the length asked for', () => {
    const pool = new MemoryPool(1e9);
    const first = pool.take(5000);
    pool.give(first);
    const second = pool.take(4990);
    expect(second.buffer).toBe(first.buffer);
    expect(second.length).toBe(4990);
    expect(pool.take(5000).buffer).not.toBe(first.buffer);
    expect(pool.owns(second)).toBe(true);
    expect(pool.owns(new Float32Array(5000))).toBe(false);
  });

  test('keeps no more than its limit', () => {
    const pool = new MemoryPool(4 * 6000);
    const [a, b] = [pool.take(5000), pool.take(5000)];
    pool.give(a);
    pool.give(b);
    expect(pool.take(5000).buffer).toBe(b.buffer);
    expect(pool.take(5000).buffer).not.toBe(a.buffer);
  });
});

describe.runIf(nativeIsUsable)('recycled memory', () => {
  test('what was read outlives its tensor', () => {
    const tensor = tf.ones([5000]).add(1);
    const values = tensor.dataSync();
    tensor.dispose();
    tf.zeros([5000]).add(7).dispose();
    expect(values.every((value) => value === 2)).toBe(true);
  });

  test('a slice outlives its source, though the stock kernel hands on a view', () => {
    const source = tf.ones([4, 5000]).add(1);
    const part = source.slice([1, 0], [2, 5000]);
    const pieces = tf.split(source, 2);
    source.dispose();
    for (let i = 0; i < 4; i++) tf.zeros([4, 5000]).add(7);
    expect(part.dataSync().every((value) => value === 2)).toBe(true);
    expect(pieces[1]!.dataSync().every((value) => value === 2)).toBe(true);
    tf.dispose([part, pieces]);
  });

  test('a reshape keeps the memory alive', () => {
    const source = tf.ones([5000]).add(1);
    const view = source.reshape([50, 100]);
    source.dispose();
    tf.zeros([5000]).add(7).dispose();
    expect(view.dataSync().every((value) => value === 2)).toBe(true);
    view.dispose();
  });
});

test.runIf(nativeIsUsable)('1,000 training steps leak neither tensors nor data', () => {
  const train = smallTraining();
  const first = train(0);
  const { numTensors, numDataBuffers } = tf.memory();
  let last = first;
  for (let step = 1; step <= 1000; step++) last = train(step);
  expect(tf.memory().numTensors).toBe(numTensors);
  expect(tf.memory().numDataBuffers).toBe(numDataBuffers);
  expect(last).toBeLessThan(first);
});

test.runIf(nativeIsUsable)(
  'weights of a network that is not trained get no gradients, and the others are the same',
  () => {
    const layer = { batch: 1, rows: 5, variables: 3, width: 8, heads: 2, keySize: 4, hidden: 16 };
    const numbers = layerNumbers({ ...layer, axis: 'rows', masked: false, dropoutRate: 0, seed: 6 });
    const [frozen, trained] = [new ParameterSet(), new ParameterSet()];
    for (const { name, shape, values } of numbers.weights) frozen.add(name, shape, values);
    trained.add('shift', [8], new Float32Array(8));
    const x = tf.tensor4d(numbers.x, [1, 5, 3, 8]);
    const weights = Object.fromEntries(frozen.names.map((name) => [name, frozen.get(name)]));
    const loss = () =>
      encoderLayer(x.add(trained.get('shift')) as tf.Tensor4D, weights as never, { heads: 2, axis: 'rows' })
        .square()
        .sum() as tf.Scalar;
    const { gradients } = valueAndGradients(loss, trained);
    const wanted = tf.variableGrads(loss, [trained.get('shift')]).grads[trained.get('shift').name]!;
    expect(gradients[0]!.dataSync()).toEqual(wanted.dataSync());
  },
);
