import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import { encoderLayer, encoderLayerReference } from '../../../../core/tensor/encoder-layer.js';
import { nativeIsUsable } from '../../tensor/usable-backends.js';
import { type LayerCase, relativeDifference, runLayer } from '../random-layer.js';

const FLOAT32_ROUNDING = 2e-5;

/** The fused layer on native against the composition of stock ops on the stock CPU backend. */
async function expectAgreement(layer: LayerCase): Promise<void> {
  await useBackend({ backend: 'native' });
  const fused = runLayer(encoderLayer, layer);
  await useBackend({ backend: 'cpu' });
  const composed = runLayer(encoderLayerReference, layer);
  for (const [name, wanted] of composed) {
    expect(relativeDifference(fused.get(name)!, wanted), name).toBeLessThan(FLOAT32_ROUNDING);
  }
}

const usual: LayerCase = {
  batch: 1,
  rows: 60,
  variables: 6,
  width: 32,
  heads: 8,
  keySize: 4,
  hidden: 128,
  axis: 'rows',
  masked: false,
  dropoutRate: 0,
  seed: 1,
};

describe.runIf(nativeIsUsable)('encoderLayer on native against the composed reference', () => {
  test.each<[string, Partial<LayerCase>]>([
    ['rows, the paper size', { variables: 10 }],
    ['variables, the paper size', { axis: 'variables', variables: 10 }],
    ['rows with padding', { masked: true, batch: 2 }],
    ['variables with padding', { masked: true, axis: 'variables', batch: 2 }],
    ['dropout along rows', { dropoutRate: 0.3 }],
    ['dropout along variables with padding', { dropoutRate: 0.1, axis: 'variables', masked: true }],
    ['one row', { rows: 1 }],
    ['one variable', { variables: 1, axis: 'variables' }],
    ['one sequence', { variables: 1 }],
    ['one number', { rows: 1, variables: 1 }],
    ['attention wider than the layer', { keySize: 16, heads: 4, variables: 3 }],
    ['attention narrower than the layer', { keySize: 3, heads: 2, variables: 3 }],
    ['odd widths', { width: 11, hidden: 19, heads: 3, keySize: 5, rows: 37, variables: 7 }],
    ['few rows, bundled', { rows: 5, variables: 9, batch: 3 }],
    ['few rows with padding', { rows: 5, variables: 3, batch: 3, masked: true }],
    ['long sequences', { rows: 150, variables: 2, heads: 2, keySize: 32 }],
    ['many variables', { variables: 50, rows: 3, axis: 'variables' }],
    ['probabilities too large to keep', { rows: 260, variables: 1, hidden: 8 }],
  ])('%s', (_, change) => expectAgreement({ ...usual, ...change }));

  test('random sizes', async () => {
    const size = (max: number) => fc.integer({ min: 1, max });
    const cases = fc.record({
      batch: size(3),
      rows: size(40),
      variables: size(8),
      // Normalising one or two numbers amplifies rounding without bound.
      width: fc.integer({ min: 4, max: 24 }),
      heads: size(4),
      keySize: size(9),
      hidden: size(40),
      axis: fc.constantFrom('rows' as const, 'variables' as const),
      masked: fc.boolean(),
      dropoutRate: fc.constantFrom(0, 0.25),
      seed: fc.nat(),
    });
    await fc.assert(fc.asyncProperty(cases, expectAgreement), { numRuns: 60, seed: 7 });
  });

  test('an empty batch gives an empty result and zero gradients', async () => {
    await useBackend({ backend: 'native' });
    const results = runLayer(encoderLayer, { ...usual, batch: 0 });
    expect(results.get('y')!.length).toBe(0);
    expect(results.get('feedForward1Weight')!.every((value) => value === 0)).toBe(true);
  });
});

describe.runIf(nativeIsUsable)('encoderLayer on native', () => {
  test('padded rows are copied through, and their gradients too', async () => {
    await useBackend({ backend: 'native' });
    tf.tidy(() => {
      const layer = { ...usual, batch: 2, width: 8, heads: 2, hidden: 16, masked: true };
      const results = runLayer(encoderLayer, layer);
      const changed = runLayer((x, weights, options) => {
        const padding = tf.sub(1, options.rowMask!).reshape([2, 60, 1, 1]);
        return encoderLayer(x.add(padding.mul(1000)) as tf.Tensor4D, weights, options);
      }, layer);
      const real = tf.tensor(results.get('y')!, [2, 60, 48]);
      const moved = tf.tensor(changed.get('y')!, [2, 60, 48]).sub(real);
      const perRow = moved.abs().max(2).dataSync();
      expect(new Set(perRow.map((value) => Math.round(value)))).toEqual(new Set([0, 1000]));
      expect([...perRow].every((value) => value === 0 || Math.abs(value - 1000) < 1e-3)).toBe(true);
    });
  });

  test('large scores neither overflow nor lose the maximum', async () => {
    await useBackend({ backend: 'native' });
    const layer = { ...usual, variables: 2 };
    const steep: typeof encoderLayer = (x, weights, options) =>
      encoderLayer(x, { ...weights, inProjectionWeight: weights.inProjectionWeight.mul(30) }, options);
    const steepReference: typeof encoderLayer = (x, weights, options) =>
      encoderLayerReference(x, { ...weights, inProjectionWeight: weights.inProjectionWeight.mul(30) }, options);
    const fused = runLayer(steep, layer).get('y')!;
    await useBackend({ backend: 'cpu' });
    expect(relativeDifference(fused, runLayer(steepReference, layer).get('y')!)).toBeLessThan(2e-3);
  });

  test.each([1, 2, 3])('the same bits twice and on any number of threads (%i)', async (threads) => {
    const layer = { ...usual, masked: true, dropoutRate: 0.1 };
    await useBackend({ backend: 'native', threads: 2 });
    const first = runLayer(encoderLayer, layer);
    await useBackend({ backend: 'native', threads });
    const second = runLayer(encoderLayer, layer);
    for (const [name, values] of first) expect(second.get(name), name).toEqual(values);
    await useBackend({ backend: 'native' });
  });

  test('shape mistakes name the argument', async () => {
    await useBackend({ backend: 'native' });
    expect(() => runLayer((x, weights) => encoderLayer(x, weights, { heads: 5, axis: 'rows' }), usual)).toThrow(
      /'heads' must divide the attention width 32, got 5/,
    );
    expect(() =>
      runLayer((x, weights, options) => encoderLayer(x, { ...weights, norm2Bias: tf.zeros([3]) }, options), usual),
    ).toThrow(/'norm2Bias' must have shape \[32\], got \[3\]/);
  });
});
