import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import type { Precision } from '../../../../core/cuda/device/precision.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { linear } from '../../../../core/tensor/linear.js';
import { randomArray, relativeDifference } from '../../native/random-layer.js';
import { softwareDeviceIsUsable } from '../software-device.js';

/** Sums of up to 150 products whose factors have 10 bits of mantissa, or 23. */
const ROUNDING: Readonly<Record<Precision, number>> = { float32: 1e-5, tf32: 4e-3 };

interface LinearCase {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** Result and gradients of a linear layer without ReLU, which rounding would switch, on the active backend. */
function runLinear({ rows, inputs, outputs }: LinearCase): Float32Array[] {
  const stream = new RandomStream('linear');
  const random = (name: string, shape: number[]) =>
    tf.tensor(randomArray(stream.child(name), tf.util.sizeFromShape(shape), 1 / Math.sqrt(shape.at(-1)!)), shape);
  const results: Float32Array[] = [];
  tf.tidy(() => {
    const given = [random('x', [rows, inputs]), random('weight', [outputs, inputs]), random('bias', [outputs])];
    const cotangent = random('cotangent', [rows, outputs]);
    const apply = ([x, weight, bias]: tf.Tensor[]) => linear(x!, weight as tf.Tensor2D, bias as tf.Tensor1D);
    const gradients = tf.grads((...list: tf.Tensor[]) => apply(list).mul(cotangent).sum())(given);
    for (const tensor of [apply(given), ...gradients]) results.push(tensor.dataSync<'float32'>().slice());
  });
  return results;
}

describe.runIf(softwareDeviceIsUsable)('linear on the software device', () => {
  test.each<[string, LinearCase]>([
    ['whole tiles', { rows: 128, inputs: 32, outputs: 64 }],
    ['odd sizes', { rows: 67, inputs: 35, outputs: 5 }],
    ['two inputs', { rows: 150, inputs: 2, outputs: 33 }],
    ['one row', { rows: 1, inputs: 17, outputs: 3 }],
    ['several ranges of rows', { rows: 1100, inputs: 4, outputs: 3 }],
  ])('%s', async (_, layer) => {
    await useBackend({ backend: 'cpu' });
    const wanted = runLinear(layer);
    for (const precision of ['float32', 'tf32'] as const) {
      await useBackend({ backend: 'cuda', cudaDevice: 'software', precision });
      runLinear(layer).forEach((got, i) => {
        expect(relativeDifference(got, wanted[i]!), `${precision}, result ${i}`).toBeLessThan(ROUNDING[precision]);
      });
    }
  });
});
