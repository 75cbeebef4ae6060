import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { layerNorm, layerNormReference } from '../../../core/tensor/layer-norm.js';
import { linear, linearReference } from '../../../core/tensor/linear.js';
import { maskedMaxPool } from '../../../core/tensor/masked-pool.js';
import { maxDifference } from './encoder-fixture.js';
import { usableBackends } from './usable-backends.js';

const backends = await usableBackends(['cpu', 'wasm', 'native', 'cuda']);

function randomTensor(name: string, shape: number[]): tf.Tensor {
  const stream = new RandomStream(name);
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => stream.uniform() * 2 - 1),
    shape,
  );
}

/** Values of a function and of its gradients with a fixed cotangent. */
function withGradients(op: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]): Float32Array[] {
  const y = op(...inputs);
  const cotangent = randomTensor('cotangent', y.shape);
  const gradients = tf.grads((...arrays: tf.Tensor[]) =>
    op(...arrays)
      .mul(cotangent)
      .sum(),
  )(inputs);
  return [y, ...gradients].map((tensor) => tensor.dataSync<'float32'>().slice());
}

describe.each(backends)('on %s', (backend) => {
  beforeEach(async () => {
    await useBackend({ backend });
    tf.engine().startScope();
  });
  afterEach(() => tf.engine().endScope());

  test.each([[[3, 7]], [[5, 4, 32]], [[1, 1, 2, 40]], [[700, 48]]])(
    'layerNorm agrees with its definition, x %j',
    (shape) => {
      const width = shape.at(-1)!;
      const inputs = [randomTensor('x', shape), randomTensor('scale', [width]), randomTensor('bias', [width])];
      const apply =
        (op: typeof layerNorm) =>
        (...[x, scale, bias]: tf.Tensor[]) =>
          op(x!, scale as tf.Tensor1D, bias as tf.Tensor1D);
      const got = withGradients(apply(layerNorm), inputs);
      withGradients(apply(layerNormReference), inputs).forEach((wanted, i) => {
        expect(maxDifference(got[i]!, wanted), `output ${i}`).toBeLessThan(3e-5);
      });
    },
  );

  test('layerNorm rows have mean 0 and variance 1', () => {
    const y = layerNorm(randomTensor('x', [4, 9]), tf.ones([9]), tf.zeros([9]));
    const { mean, variance } = tf.moments(y, 1);
    expect(maxDifference(mean.dataSync(), [0, 0, 0, 0])).toBeLessThan(1e-6);
    expect(maxDifference(variance.dataSync(), [1, 1, 1, 1])).toBeLessThan(1e-3);
  });

  test.each([
    { x: [4, 6], outputs: 3 },
    { x: [2, 5, 32], outputs: 128 },
    { x: [40, 10, 2], outputs: 32 },
    { x: [9, 128], outputs: 1 },
    { x: [3000, 24], outputs: 40 },
  ])('linear agrees with its composition, %j', ({ x, outputs }) => {
    const inputs = [randomTensor('x', x), randomTensor('w', [outputs, x.at(-1)!]), randomTensor('b', [outputs])];
    for (const activation of [undefined, 'relu'] as const) {
      const apply =
        (op: typeof linear) =>
        (...[input, weight, bias]: tf.Tensor[]) =>
          op(input!, weight as tf.Tensor2D, bias as tf.Tensor1D, activation);
      const got = withGradients(apply(linear), inputs);
      withGradients(apply(linearReference), inputs).forEach((wanted, i) => {
        const scale = Math.max(1, ...wanted.slice(0, 4096).map(Math.abs));
        expect(maxDifference(got[i]!, wanted) / scale, `output ${i}`).toBeLessThan(1e-5);
      });
    }
  });

  test('linear without a bias is x times the transposed weight', () => {
    const y = linear(tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4], [5, 6], [7, 8]])); // biome-ignore format: matrix
    expect([...y.dataSync()]).toEqual([11, 17, 23]);
    expect(() => linear(tf.ones([2, 3]), tf.ones([4, 2]))).toThrow(/'weight' must have shape \[any, 3\]/);
  });

  test('maskedMaxPool takes the best valid row and sends the gradient to the first of equals', () => {
    // Two batch elements, three rows, one variable, two features.
    const x = tf.tensor4d([1, 5, 9, 5, 3, 2, -1, -2, -3, -4, 7, 7], [2, 3, 1, 2]);
    const mask = tf.tensor2d([1, 1, 1, 1, 1, 0], [2, 3]);
    const [y, dx] = withGradients((input) => maskedMaxPool(input as tf.Tensor4D, mask), [x]);
    const cotangent = randomTensor('cotangent', [2, 1, 2]).dataSync();
    expect([...y!]).toEqual([9, 5, -1, -2]);
    expect([...dx!]).toEqual([0, cotangent[1], cotangent[0], 0, 0, 0, cotangent[2], cotangent[3], 0, 0, 0, 0]);
  });

  test('maskedMaxPool without rows, or without valid rows, is 0 with gradient 0', () => {
    expect([...maskedMaxPool(tf.zeros([1, 0, 2, 2])).dataSync()]).toEqual([0, 0, 0, 0]);
    const x = tf.ones([1, 2, 1, 3]);
    const [y, dx] = withGradients((input) => maskedMaxPool(input as tf.Tensor4D, tf.zeros([1, 2])), [x]);
    expect([...y!]).toEqual([0, 0, 0]);
    expect([...dx!]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('maskedMaxPool without a mask uses all rows', () => {
    const x = randomTensor('x', [3, 4, 5, 6]);
    expect(maskedMaxPool(x as tf.Tensor4D).dataSync()).toEqual(x.max(1).dataSync());
  });
});
