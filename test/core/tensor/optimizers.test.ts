import * as tf from '@tensorflow/tfjs';
import { beforeEach, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { finiteGuard, tensorNorms } from '../../../core/tensor/optimizer-state.js';
import { Adam, Lamb, polyakUpdate, valueAndGradients } from '../../../core/tensor/optimizers.js';
import { ParameterSet } from '../../../core/tensor/parameters.js';
import { maxDifference } from './encoder-fixture.js';
import { usableBackends } from './usable-backends.js';

const backends = await usableBackends(['cpu', 'wasm', 'native', 'cuda']);

/** Two parameters, one of them all zero, and the gradients of three steps. */
const start = { a: [0.5, -1, 2, 0.25], b: [0, 0] };
const gradientSteps = [
  { a: [0.1, -0.2, 0.3, 0], b: [1, -1] },
  { a: [-0.4, 0.2, 0.1, 0.5], b: [2, 0.5] },
  { a: [0.3, 0.3, -3, 1], b: [-1, 0] },
];

function makeParameters(): ParameterSet {
  const parameters = new ParameterSet();
  parameters.add('a', [2, 2], Float32Array.from(start.a));
  parameters.add('b', [2], Float32Array.from(start.b));
  return parameters;
}

const makeGradients = (step: (typeof gradientSteps)[number]) => [tf.tensor2d(step.a, [2, 2]), tf.tensor1d(step.b)];
const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** The published recurrences in float64, for one optimiser over both parameters. */
function oracle(options: { lamb: boolean; clipNorm?: number; weightDecay?: number; epsilon: number }) {
  const state = { a: [...start.a], b: [...start.b] };
  const m = { a: [0, 0, 0, 0], b: [0, 0] };
  const v = { a: [0, 0, 0, 0], b: [0, 0] };
  gradientSteps.forEach((step, index) => {
    const t = index + 1;
    const total = norm([...step.a, ...step.b]);
    const scale = options.clipNorm !== undefined && total > options.clipNorm ? options.clipNorm / total : 1;
    for (const name of ['a', 'b'] as const) {
      const direction = state[name].map((p, i) => {
        const g = step[name][i]! * scale;
        m[name][i] = 0.9 * m[name][i]! + 0.1 * g;
        v[name][i] = 0.999 * v[name][i]! + 0.001 * g * g;
        const r = m[name][i]! / (1 - 0.9 ** t) / (Math.sqrt(v[name][i]! / (1 - 0.999 ** t)) + options.epsilon);
        return r + (options.weightDecay ?? 0) * p;
      });
      const norms = [norm(state[name]), norm(direction)];
      const trust = options.lamb && norms[0]! > 0 && norms[1]! > 0 ? norms[0]! / norms[1]! : 1;
      state[name] = state[name].map((p, i) => p - 0.05 * trust * direction[i]!);
    }
  });
  return state;
}

describe.each(backends)('optimizers on %s', (backend) => {
  beforeEach(async () => {
    await useBackend({ backend });
  });

  test.each([
    ['Adam', false, undefined, 0],
    ['Adam clipped', false, 0.7, 0],
    ['Lamb', true, undefined, 0],
    ['Lamb with weight decay, clipped', true, 1, 0.1],
  ] as const)('%s follows the closed form', (_, lamb, clipNorm, weightDecay) => {
    const parameters = makeParameters();
    const options = { learningRate: 0.05, clipNorm, weightDecay };
    const optimizer = lamb ? new Lamb(parameters, options) : new Adam(parameters, options);
    const norms = gradientSteps.map((step) => optimizer.apply(makeGradients(step)));
    const expected = oracle({ lamb, clipNorm, weightDecay, epsilon: lamb ? 1e-6 : 1e-8 });
    expect(maxDifference(parameters.get('a').dataSync(), expected.a)).toBeLessThan(2e-6);
    expect(maxDifference(parameters.get('b').dataSync(), expected.b)).toBeLessThan(2e-6);
    gradientSteps.forEach((step, i) => {
      expect(norms[i]).toBeCloseTo(norm([...step.a, ...step.b]), 5);
    });
    parameters.dispose();
    optimizer.dispose();
  });

  test('saved state continues bit for bit', () => {
    const straight = makeParameters();
    const whole = new Adam(straight, { learningRate: 0.01 });
    for (const step of gradientSteps) whole.apply(makeGradients(step));

    const first = makeParameters();
    const before = new Adam(first, { learningRate: 0.01 });
    before.apply(makeGradients(gradientSteps[0]!));
    const second = makeParameters();
    second.load(first.toArrays(), 'test');
    const after = new Adam(second, { learningRate: 0.01 });
    after.load(before.toArrays(), 'test');
    for (const step of gradientSteps.slice(1)) after.apply(makeGradients(step));
    expect([...second.get('a').dataSync()]).toEqual([...straight.get('a').dataSync()]);
    expect(after.toArrays().get('step')!.data[0]).toBe(3);
    expect([...after.toArrays().keys()]).toEqual(['step', 'a/m', 'a/v', 'b/m', 'b/v']);
  });

  test('a non-finite gradient is refused by name and changes nothing', () => {
    const parameters = makeParameters();
    const optimizer = new Adam(parameters, { learningRate: 0.1 });
    const bad = [tf.zeros([2, 2]), tf.tensor1d([1, Number.NaN])];
    expect(() => optimizer.apply(bad)).toThrow(/gradient of parameter 'b' is not finite/);
    expect([...parameters.get('a').dataSync()]).toEqual(start.a);
    expect(optimizer.toArrays().get('step')!.data[0]).toBe(0);
    expect(() => optimizer.apply([tf.zeros([2, 2])])).toThrow(/'gradients' must have 2 tensors/);
    expect(() => optimizer.apply([tf.zeros([2, 2]), tf.zeros([3])])).toThrow(/gradients\[1\] \(b\)/);
  });

  test.each([
    ['Adam', Adam],
    ['Lamb', Lamb],
  ] as const)('%s updates from tensors alone, and not at all where another one guards it', (_, Optimizer) => {
    const [direct, guarded] = [makeParameters(), makeParameters()];
    const options = { learningRate: 0.05, clipNorm: 0.7, weightDecay: 0.1 };
    const optimizers = [new Optimizer(direct, options), new Optimizer(guarded, options)] as const;
    gradientSteps.forEach((step) => {
      const gradients = makeGradients(step);
      optimizers[0].apply(gradients);
      const constants = tf.tensor1d(optimizers[1].nextConstants());
      const norms = tensorNorms(gradients);
      const before = [...guarded.toArrays(), ...optimizers[1].toArrays()];
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const guard = finiteGuard(tf.tensor1d([1, bad]));
        optimizers[1].update(gradients, { norms: norms.add(guard), constants });
        polyakUpdate(guarded, direct, guard.add(0.5));
        expect([...guarded.toArrays(), ...optimizers[1].toArrays()]).toEqual(before);
      }
      optimizers[1].update(gradients, { norms: norms.add(finiteGuard(norms)), constants });
      expect(optimizers[1].globalNorm(norms.dataSync<'float32'>())).toBeGreaterThan(0.7);
      optimizers[1].advance();
    });
    expect(guarded.toArrays()).toEqual(direct.toArrays());
    expect(optimizers[1].toArrays()).toEqual(optimizers[0].toArrays());
  });

  test('polyakUpdate moves the target by the rate and leaves the source', () => {
    const target = makeParameters();
    const source = makeParameters();
    source.get('a').assign(tf.tensor2d([1, 1, 1, 1], [2, 2]));
    polyakUpdate(target, source, 0.1);
    const expected = start.a.map((value) => 0.9 * value + 0.1);
    expect(maxDifference(target.get('a').dataSync(), expected)).toBeLessThan(1e-6);
    expect([...source.get('a').dataSync()]).toEqual([1, 1, 1, 1]);
    expect(() => polyakUpdate(target, new ParameterSet(), 0.1)).toThrow(/same names and shapes/);
  });

  test('valueAndGradients gives zeros to unused parameters and leaks nothing', () => {
    const parameters = makeParameters();
    const tensors = tf.memory().numTensors;
    const { value, gradients } = valueAndGradients(() => parameters.get('a').square().sum() as tf.Scalar, parameters);
    expect(value).toBeCloseTo(norm(start.a) ** 2, 5);
    expect([...gradients[0]!.dataSync()]).toEqual(start.a.map((v) => 2 * v));
    expect([...gradients[1]!.dataSync()]).toEqual([0, 0]);
    expect(tf.memory().numTensors).toBe(tensors + 2);
    tf.dispose(gradients);
  });
});
