import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { CausalPilotError } from '../../../core/errors.js';
import { CapturedStep, type StepInput } from '../../../core/tensor/captured-step.js';
import { dropoutKeys } from '../../../core/tensor/dropout.js';
import { type EncoderLayerWeights, encoderLayer } from '../../../core/tensor/encoder-layer.js';
import { finiteGuard, tensorNorms } from '../../../core/tensor/optimizer-state.js';
import { Adam, lossAndGradients, polyakUpdate } from '../../../core/tensor/optimizers.js';
import { ParameterSet } from '../../../core/tensor/parameters.js';
import { layerNumbers } from '../native/random-layer.js';
import { type RecordingBackend, useRecordingBackend } from './recording-backend.js';
import { nativeIsUsable } from './usable-backends.js';

const vector = (...values: number[]): StepInput => ({ shape: [values.length], values: Float32Array.from(values) });
const square = ({ x }: { x: tf.Tensor }) => ({ squares: x.square(), total: x.sum() });

describe.each(['cpu', 'native'] as const)('CapturedStep on %s, which cannot capture', (backend) => {
  test.runIf(backend === 'cpu' || nativeIsUsable)('runs the body every time and leaves no tensor', async () => {
    await useBackend({ backend });
    const step = new CapturedStep('squares');
    const body = vi.fn(square);
    const before = tf.memory().numTensors;
    for (const x of [1, 2, 3, 4]) {
      const { squares, total } = step.run('', { x: vector(x, -x) }, body);
      expect([[...squares], [...total]]).toEqual([[x * x, x * x], [0]]);
    }
    expect(body).toHaveBeenCalledTimes(4);
    expect(step.recordings).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.runIf(nativeIsUsable)('CapturedStep on a backend that captures', () => {
  let backend: RecordingBackend;
  beforeEach(async () => {
    backend = await useRecordingBackend();
  });
  afterEach(() => vi.restoreAllMocks());

  test('runs, records, then replays on new inputs; every variant and shape is recorded by itself', () => {
    const step = new CapturedStep('powers');
    const before = tf.memory();
    const body = vi.fn(square);
    const check = (variant: string, values: number[]) => {
      const { squares } = step.run(variant, { x: vector(...values) }, body);
      expect([...squares]).toEqual(values.map((value) => value * value));
    };
    for (const x of [1, 2, 3, 4]) check('a', [x, 10 * x]);
    expect(body).toHaveBeenCalledTimes(2);
    for (const x of [1, 2, 3, 4]) check('a', [x, 2 * x, 3 * x]);
    expect(body).toHaveBeenCalledTimes(4);
    for (const x of [5, 6, 7]) check('b', [x, x]);
    expect(body).toHaveBeenCalledTimes(6);
    check('a', [8, 9]);
    expect(body).toHaveBeenCalledTimes(6);
    expect(step.recordings).toBe(3);
    step.dispose();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
  });

  test('a started step gives its outputs when it is asked for them, in a tidy too', () => {
    const step = new CapturedStep('started');
    for (const x of [1, 2, 3, 4]) {
      let finish: () => { squares: Float32Array } = () => expect.unreachable();
      tf.tidy(() => {
        finish = step.start('', { x: vector(x) }, square);
      });
      tf.tidy(() => tf.ones([8]).mul(5));
      expect(finish().squares[0]).toBe(x * x);
    }
    step.dispose();
  });

  test('an input that is left out is another step', () => {
    const step = new CapturedStep('optional');
    const run = (scale: StepInput | undefined) =>
      step.run('', { x: vector(3), scale }, ({ x, scale }) => ({ y: scale === undefined ? x : x.mul(scale) })).y[0];
    for (let repeat = 0; repeat < 3; repeat++) {
      expect(run(undefined)).toBe(3);
      expect(run(vector(repeat))).toBe(3 * repeat);
    }
    expect(step.recordings).toBe(2);
    step.dispose();
  });

  test('beyond its number of recordings it runs the body every time', () => {
    const step = new CapturedStep('many', { recordings: 2 });
    for (let repeat = 0; repeat < 3; repeat++)
      for (const variant of ['a', 'b', 'c'])
        expect(step.run(variant, { x: vector(repeat) }, square).squares[0]).toBe(repeat * repeat);
    expect(step.recordings).toBe(2);
    step.dispose();
  });

  test('a body that reads a tensor goes on without capture, said once', () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const step = new CapturedStep('reader');
    const before = tf.memory();
    for (const x of [1, 2, 3, 4]) {
      const { y } = step.run('', { x: vector(x) }, (given) => ({ y: given.x.mul(given.x.dataSync()[0]!) }));
      expect(y[0]).toBe(x * x);
    }
    expect(written.mock.calls.map(([line]) => line)).toEqual([
      "The step 'reader' is launched kernel by kernel: a tensor was read while its step was recorded\n",
    ]);
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
  });

  test('on another backend it starts anew', async () => {
    const step = new CapturedStep('moved');
    const body = vi.fn(square);
    const run = (x: number) => expect(step.run('', { x: vector(x) }, body).total[0]).toBe(x);
    for (const x of [1, 2, 3]) run(x);
    await useBackend({ backend: 'cpu' });
    run(4);
    expect(step.recordings).toBe(0);
    await useRecordingBackend();
    for (const x of [5, 6, 7]) run(x);
    expect(body).toHaveBeenCalledTimes(2 + 1 + 2);
    step.dispose();
  });

  test('without memory for another recording it goes on with those that it has', () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const step = new CapturedStep('large');
    const body = vi.fn(square);
    const run = (x: number) => expect(step.run('a', { x: vector(x) }, body).squares[0]).toBe(x * x);
    for (const x of [1, 2, 3]) run(x);
    const refused = vi.spyOn(backend, 'capture').mockImplementation(() => {
      throw new CausalPilotError('E_BACKEND', 'no memory');
    });
    for (const x of [4, 5, 6]) expect(step.run('b', { x: vector(x) }, body).squares[0]).toBe(x * x);
    run(7);
    expect(refused).toHaveBeenCalledTimes(1);
    expect(written.mock.calls).toEqual([["The step 'large' is launched kernel by kernel: no memory\n"]]);
    expect(body).toHaveBeenCalledTimes(2 + 3);
    step.dispose();
  });

  test('with capture off the body runs every time, without a notice', () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const step = new CapturedStep('eager', { capture: false });
    for (const x of [1, 2, 3]) expect(step.run('', { x: vector(x) }, square).total[0]).toBe(x);
    expect(written).not.toHaveBeenCalled();
    expect(step.recordings).toBe(0);
  });

  test('errors of the body other than a refused recording come through', () => {
    const step = new CapturedStep('faulty');
    let calls = 0;
    const run = () =>
      step.run('', { x: vector(1) }, ({ x }) => {
        if (++calls === 2) throw new RangeError('no memory');
        return { x };
      });
    run();
    expect(run).toThrow('no memory');
    expect(run().x[0]).toBe(1);
    step.dispose();
  });

  test('a training step that is replayed equals the same step launched every time, bit for bit', () => {
    const captured = trainLayer(new CapturedStep('captured'), backend);
    const eager = trainLayer(new CapturedStep('eager', { capture: false }), backend);
    expect(eager.launched).toBe(0);
    expect(captured.launched).toBeGreaterThan(100);
    expect(captured.results).toEqual(eager.results);
  });
});

/** Eight steps of an encoder layer with dropout, clipping, a changing learning rate and Polyak rate; step 5 is not finite. */
function trainLayer(step: CapturedStep, backend: RecordingBackend) {
  const sizes = { batch: 2, rows: 4, variables: 3, width: 8, heads: 2, keySize: 4, hidden: 16 };
  const numbers = layerNumbers({ ...sizes, axis: 'rows', masked: true, dropoutRate: 0.2, seed: 8 });
  const [parameters, average] = [new ParameterSet(), new ParameterSet()];
  for (const { name, shape, values } of numbers.weights)
    for (const set of [parameters, average]) set.add(name, shape, values);
  const optimizer = new Adam(parameters, { learningRate: 0, clipNorm: 0.01 });
  const launchedBefore = backend.launched;
  const results: unknown[] = [];
  for (let index = 0; index < 8; index++) {
    optimizer.learningRate = 1e-3 * (index + 1);
    const inputs = {
      x: { shape: [2, 4, 3, 8], values: numbers.x.map((x) => x * (index === 5 ? Number.NaN : 1 + index)) },
      rowMask: { shape: [2, 4], values: numbers.rowMask },
      keys: { shape: [2], values: dropoutKeys(index) },
      constants: { shape: [8], values: optimizer.nextConstants() },
      rate: vector(0.1 / (1 + index)),
    };
    const weights = Object.fromEntries(parameters.names.map((name) => [name, parameters.get(name)]));
    const { norms, loss } = step.run('', inputs, ({ x, rowMask, keys, constants, rate }) => {
      const { value, gradients } = lossAndGradients(() => {
        const layer = encoderLayer(x as tf.Tensor4D, weights as unknown as EncoderLayerWeights, {
          heads: 2,
          axis: 'rows',
          rowMask: rowMask as tf.Tensor2D,
          dropout: { rate: 0.2, keys: keys as tf.Tensor1D },
        });
        return layer.square().mean() as tf.Scalar;
      }, parameters);
      const norms = tensorNorms(gradients);
      optimizer.update(gradients, { norms, constants: constants as tf.Tensor1D });
      polyakUpdate(average, parameters, rate.add(finiteGuard(norms)));
      return { norms, loss: value };
    });
    if (index === 5)
      expect(() => optimizer.globalNorm(norms)).toThrow(/'norm1Scale' is not finite; nothing was changed/);
    else optimizer.advance();
    results.push([norms, loss, parameters.toArrays(), average.toArrays(), optimizer.toArrays()]);
  }
  const [fourth, fifth] = [results[4] as unknown[], results[5] as unknown[]];
  expect(fifth.slice(2)).toEqual(fourth.slice(2));
  step.dispose();
  optimizer.dispose();
  for (const set of [parameters, average]) set.dispose();
  return { results, launched: backend.launched - launchedBefore };
}
