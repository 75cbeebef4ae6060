import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import { registerCudaBackend } from '../../../../core/cuda/register.js';
import { encoderLayer, encoderLayerReference } from '../../../../core/tensor/encoder-layer.js';
import { withTrainedVariables } from '../../../../core/tensor/kernels.js';
import { type LayerCase, layerNumbers, relativeDifference, runLayer } from '../../native/random-layer.js';
import { softwareDeviceIsUsable } from '../software-device.js';

const FLOAT32_ROUNDING = 2e-5;
/** Inputs of products have 10 bits of mantissa; numbers in the wrong place would be off by their own size. */
const TF32_ROUNDING = 2e-2;

const usual: LayerCase = {
  batch: 1,
  rows: 20,
  variables: 4,
  width: 32,
  heads: 8,
  keySize: 4,
  hidden: 128,
  axis: 'rows',
  masked: false,
  dropoutRate: 0,
  seed: 1,
};

/** The fused layer on the software device against the composition of stock ops on the stock CPU backend. */
async function expectAgreement(layer: LayerCase, precision: 'float32' | 'tf32' = 'float32'): Promise<void> {
  await registerCudaBackend({ device: 'software', precision });
  await useBackend({ backend: 'cuda', cudaDevice: 'software', precision });
  const fused = runLayer(encoderLayer, layer);
  await useBackend({ backend: 'cpu' });
  const composed = runLayer(encoderLayerReference, layer);
  for (const [name, wanted] of composed) {
    const got = fused.get(name)!;
    if (precision === 'float32') expect(relativeDifference(got, wanted), name).toBeLessThan(FLOAT32_ROUNDING);
    else expect(typicalDifference(got, wanted), name).toBeLessThan(TF32_ROUNDING);
  }
}

describe.runIf(softwareDeviceIsUsable)('encoderLayer on the software device', () => {
  test.each<[string, Partial<LayerCase>]>([
    ['rows', {}],
    ['variables', { axis: 'variables' }],
    ['rows with padding', { masked: true, batch: 2 }],
    ['variables with padding', { masked: true, axis: 'variables', batch: 2 }],
    ['dropout along rows', { dropoutRate: 0.3 }],
    ['dropout along variables with padding', { dropoutRate: 0.1, axis: 'variables', masked: true }],
    ['one row', { rows: 1 }],
    ['one variable', { variables: 1, axis: 'variables' }],
    ['one number', { rows: 1, variables: 1 }],
    ['width 8', { width: 8, heads: 2, hidden: 16 }],
    ['width 16', { width: 16, heads: 4, hidden: 32 }],
    ['width 64', { width: 64, heads: 8, keySize: 8, hidden: 256 }],
    ['a width between', { width: 22, heads: 2, hidden: 37 }],
    ['keys of 16', { keySize: 16, heads: 2 }],
    ['several groups with padding', { rows: 7, variables: 11, batch: 5, masked: true }],
    ['sequences longer than a group', { rows: 90, variables: 2, batch: 2, masked: true }],
    ['work areas in device memory', { rows: 460, variables: 1, width: 16, heads: 8, keySize: 4 }],
    ['a size without a fused kernel', { width: 11, hidden: 19, heads: 3, keySize: 5, rows: 9 }],
  ])('%s', (_, change) => expectAgreement({ ...usual, ...change }));

  test.each<[string, Partial<LayerCase>]>([
    ['rows with padding', { masked: true, batch: 2 }],
    ['variables with dropout', { axis: 'variables', dropoutRate: 0.2 }],
    ['width 8', { width: 8, heads: 2, hidden: 16 }],
    ['width 64', { width: 64, heads: 8, keySize: 8, hidden: 64 }],
  ])('tensor cores: %s', (_, change) => expectAgreement({ ...usual, ...change }, 'tf32'));

  test('random sizes', async () => {
    const size = (max: number) => fc.integer({ min: 1, max });
    const cases = fc.record({
      batch: size(3),
      rows: size(20),
      variables: size(6),
      width: fc.integer({ min: 2, max: 12 }).map((half) => 2 * half),
      heads: fc.constantFrom(2, 4, 6),
      keySize: fc.constantFrom(4, 8),
      hidden: size(40),
      axis: fc.constantFrom('rows' as const, 'variables' as const),
      masked: fc.boolean(),
      dropoutRate: fc.constantFrom(0, 0.25),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(cases, (layer) => expectAgreement(layer)),
      { numRuns: 25, seed: 7 },
    );
  });

  describe('on this device', () => {
    beforeAll(() => useBackend({ backend: 'cuda', cudaDevice: 'software' }));

    test('an empty batch gives an empty result and zero gradients', () => {
      const results = runLayer(encoderLayer, { ...usual, batch: 0 });
      expect(results.get('y')!.length).toBe(0);
      expect([...results.get('inProjectionWeight')!].every((value) => value === 0)).toBe(true);
    });

    test('padded rows, whatever is in them, leave the gradients of the weights alone', () => {
      const layer = { ...usual, masked: true, batch: 2 };
      const [first, second] = [runLayer(encoderLayer, layer), runLayer(withOtherPadding, layer)];
      expect(second.get('feedForward1Weight')).toEqual(first.get('feedForward1Weight'));
      expect(second.get('norm1Scale')).toEqual(first.get('norm1Scale'));
    });

    test('the same call twice gives the same bits', () => {
      const layer = { ...usual, batch: 3, dropoutRate: 0.2 };
      expect(runLayer(encoderLayer, layer)).toEqual(runLayer(encoderLayer, layer));
    });

    test('weights that are not trained get no gradients, and x gets the same', () => {
      const wanted = runLayer(encoderLayer, usual).get('x')!;
      const got = gradientOfInputAlone(usual);
      expect(got).toEqual(wanted);
    });
  });
});

/**
 * Root mean square of the differences relative to that of the reference: rounding turns a few hidden units on or off, which
 * changes single gradients much and the whole little.
 */
function typicalDifference(got: Float32Array, wanted: Float32Array): number {
  const squares = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(squares(got.map((value, i) => value - wanted[i]!)) / squares(wanted));
}

/** The layer on an input whose padded rows were changed. */
const withOtherPadding: typeof encoderLayer = (x, weights, options) =>
  tf.tidy(() => {
    const [batch, rows] = x.shape;
    const padding = tf.sub(1, options.rowMask!.reshape([batch, rows, 1, 1])).mul(5) as tf.Tensor4D;
    return encoderLayer(x.add(padding) as tf.Tensor4D, weights, options);
  });

/** The gradient of x where the weights belong to a network that is not trained. */
function gradientOfInputAlone(layer: LayerCase): Float32Array {
  return tf.tidy(() => {
    const numbers = layerNumbers(layer);
    const shape: [number, number, number, number] = [layer.batch, layer.rows, layer.variables, layer.width];
    const variables = numbers.weights.map(({ values, shape: size }) => tf.variable(tf.tensor(values, size)));
    const weights = Object.fromEntries(numbers.weights.map(({ name }, i) => [name, variables[i]!]));
    const cotangent = tf.tensor4d(numbers.cotangent, shape);
    const gradient = withTrainedVariables([], () =>
      tf.grad((x) =>
        encoderLayer(x as tf.Tensor4D, weights as unknown as Parameters<typeof encoderLayer>[1], {
          heads: layer.heads,
          axis: layer.axis,
        })
          .mul(cotangent)
          .sum(),
      )(tf.tensor4d(numbers.x, shape)),
    );
    const values = gradient.dataSync<'float32'>().slice();
    tf.dispose(variables);
    return values;
  });
}
