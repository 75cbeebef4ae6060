import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { sequenceEncoderLayer, WEIGHT_NAMES } from '../../../core/tensor/encoder-layer.js';
import { FIXTURE_NAMES, fixtureCases, fixtureTensors, maxDifference } from './encoder-fixture.js';
import { usableBackends } from './usable-backends.js';

const backends = await usableBackends(['cpu', 'wasm', 'native', 'cuda']);

describe.each(backends)('encoderLayer on %s', (backend) => {
  beforeEach(async () => {
    await useBackend({ backend });
    tf.engine().startScope();
  });
  afterEach(() => tf.engine().endScope());

  test.each(fixtureCases.map((fixture, i) => [i, fixture] as const))('agrees with torch, case %i', (_, fixture) => {
    const { x, cotangent, keyMask, weights } = fixtureTensors(fixture);
    const { heads, dim } = fixture.shape;
    const kept = fixture.keyPaddingMask.flat().flatMap((padded) => new Array(dim).fill(1 - padded));
    const y = sequenceEncoderLayer(x, weights, { heads, keyMask });
    const visible = (values: ArrayLike<number>) => Array.from(values).map((value, i) => value * kept[i]);
    expect(maxDifference(visible(y.dataSync()), visible(fixture.y))).toBeLessThan(3e-6);

    const tensors = [x, ...WEIGHT_NAMES.map((name) => weights[name])];
    const gradients = tf.grads((...inputs: tf.Tensor[]) => {
      const list = WEIGHT_NAMES.map((name, i) => [name, inputs[i + 1]!]);
      const output = sequenceEncoderLayer(inputs[0] as tf.Tensor3D, Object.fromEntries(list), { heads, keyMask });
      return output.mul(cotangent).mul(keyMask.expandDims(2)).sum();
    })(tensors);
    expect(maxDifference(gradients[0]!.dataSync(), fixture.gradX)).toBeLessThan(1e-5);
    WEIGHT_NAMES.forEach((name, i) => {
      const expected = fixture.gradWeights[FIXTURE_NAMES[name]]!;
      expect(maxDifference(gradients[i + 1]!.dataSync(), expected), name).toBeLessThan(2e-5);
    });
  });
});
