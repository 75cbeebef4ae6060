import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { FUSED_KERNELS, hasKernel } from '../../../core/tensor/kernels.js';
import {
  PAIR_LAYER_WEIGHTS,
  PAIR_MEAN_WEIGHTS,
  type PairLayerWeights,
  pairLayer,
  pairLayerReference,
} from '../../../core/tensor/pair-layer.js';
import { pairLayerShapes } from '../../../core/tensor/pair-layer-contract.js';
import { maxDifference } from './encoder-fixture.js';
import { usableBackends } from './usable-backends.js';

const backends = await usableBackends(['cpu', 'wasm', 'native', 'cuda']);

interface Case {
  readonly batch: number;
  readonly size: number;
  readonly channels: number;
  readonly means: boolean;
}

/** Sizes that fill vectors and sizes that do not, one history a tile and several. */
const CASES: readonly Case[] = [
  { batch: 1, size: 1, channels: 3, means: true },
  { batch: 7, size: 4, channels: 6, means: false },
  { batch: 40, size: 3, channels: 16, means: true },
  { batch: 3, size: 12, channels: 24, means: true },
];

function normal(name: string, shape: readonly number[], scale = 1): tf.Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tf.tensor(new RandomStream(name).fillNormal(new Float32Array(count), 0, scale), [...shape]);
}

function randomWeights({ channels, means }: Case): PairLayerWeights {
  const shapes = pairLayerShapes(channels);
  const names = PAIR_LAYER_WEIGHTS.filter((name) => means || !(PAIR_MEAN_WEIGHTS as readonly string[]).includes(name));
  const entries = names.map((name) => [name, normal(name, shapes[name], 1 / Math.sqrt(channels))]);
  return Object.fromEntries(entries) as PairLayerWeights;
}

/** Numbers of the result and of the gradient with respect to the pairs and every weight. */
function valuesAndGradients(layer: typeof pairLayer, given: Case): Record<string, Float32Array> {
  const pairs = normal('pairs', [given.batch, given.size, given.size, given.channels]) as tf.Tensor4D;
  const weights = randomWeights(given);
  const cotangent = normal('cotangent', pairs.shape);
  const names = Object.keys(weights);
  const gradients = tf.grads((x, ...list) => {
    const named = Object.fromEntries(names.map((name, i) => [name, list[i]!])) as PairLayerWeights;
    return tf.sum(tf.mul(layer(x as tf.Tensor4D, named), cotangent));
  })([pairs, ...(Object.values(weights) as tf.Tensor[])]);
  const numbers = Object.fromEntries(['pairs', ...names].map((name, i) => [name, gradients[i]!.dataSync<'float32'>()]));
  return { result: layer(pairs, weights).dataSync<'float32'>(), ...numbers };
}

type Pairs = number[][][];

const sum = (terms: readonly number[]) => terms.reduce((total, term) => total + term, 0);

/** The docstring of `pairLayer` for one history, with plain numbers. */
function formula(x: Pairs, weights: PairLayerWeights): Pairs {
  const linear = (name: 'first' | 'second' | 'own' | 'reverse' | 'paths' | 'output' | 'sourceMean' | 'sinkMean') => {
    const matrix = weights[`${name}Weight`]!.arraySync() as number[][];
    const bias = weights[`${name}Bias`]!.arraySync() as number[];
    return (input: readonly number[]) => matrix.map((row, o) => bias[o]! + sum(row.map((w, i) => w * input[i]!)));
  };
  const [scale, shift] = [weights.normScale.arraySync() as number[], weights.normBias.arraySync() as number[]];
  const norm = (pair: readonly number[]) => {
    const mean = sum([...pair]) / pair.length;
    const deviation = Math.sqrt(sum(pair.map((value) => (value - mean) ** 2)) / pair.length + 1e-5);
    return pair.map((value, c) => ((value - mean) / deviation) * scale[c]! + shift[c]!);
  };
  const n = x.map((row) => row.map(norm));
  const all = x.map((_, k) => k);
  const meanOver = (pairs: number[][]) => pairs[0]!.map((_, c) => sum(pairs.map((pair) => pair[c]!)) / pairs.length);
  return x.map((row, i) =>
    row.map((pair, j) => {
      const edges = all.map((k) => [linear('first')(n[i]![k]!), linear('second')(n[k]![j]!)] as const);
      const paths = pair.map((_, c) => sum(edges.map(([a, b]) => a[c]! * b[c]!)) / Math.sqrt(x.length));
      const terms = [
        linear('own')(n[i]![j]!),
        linear('reverse')(n[j]![i]!),
        linear('paths')(paths),
        linear('sourceMean')(meanOver(all.map((k) => n[k]![j]!))),
        linear('sinkMean')(meanOver(n[i]!)),
      ];
      const hidden = terms[0]!.map((_, h) => Math.max(0, sum(terms.map((term) => term[h]!))));
      const added = linear('output')(hidden);
      return pair.map((value, c) => value + added[c]!);
    }),
  );
}

describe.each(backends)('pairLayer on %s', (backend) => {
  beforeEach(async () => {
    await useBackend({ backend });
    tf.engine().startScope();
  });
  afterEach(() => tf.engine().endScope());

  test.each(CASES)('gives the numbers and gradients of its reference: %j', (given) => {
    const got = valuesAndGradients(pairLayer, given);
    const wanted = valuesAndGradients(pairLayerReference, given);
    for (const [name, numbers] of Object.entries(wanted)) {
      const scale = Math.max(1, ...numbers.map(Math.abs));
      expect(maxDifference(got[name]!, numbers) / scale, name).toBeLessThan(2e-5);
    }
  });

  test('is what its formula says, pair by pair', () => {
    const given = { batch: 1, size: 3, channels: 2, means: true };
    const pairs = normal('pairs', [1, 3, 3, 2]) as tf.Tensor4D;
    const weights = randomWeights(given);
    const wanted = formula(pairs.arraySync()[0]!, weights).flat(2);
    expect(maxDifference(pairLayer(pairs, weights).dataSync<'float32'>(), wanted)).toBeLessThan(1e-5);
  });

  test('relabelling the variables relabels both axes', () => {
    const given = { batch: 2, size: 4, channels: 5, means: true };
    const pairs = normal('pairs', [2, 4, 4, 5]) as tf.Tensor4D;
    const order = [2, 0, 3, 1];
    const relabelled = (x: tf.Tensor) => tf.gather(tf.gather(x, order, 1), order, 2) as tf.Tensor4D;
    const weights = randomWeights(given);
    const got = pairLayer(relabelled(pairs), weights).dataSync<'float32'>();
    expect(maxDifference(got, relabelled(pairLayer(pairs, weights)).dataSync<'float32'>())).toBeLessThan(1e-5);
  });
});

describe('pairLayer', () => {
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  test('is one kernel of the native backend, whose sums do not depend on its threads', async (context) => {
    if (!backends.includes('native')) context.skip();
    const given = { batch: 33, size: 5, channels: 16, means: true };
    await useBackend({ backend: 'native', threads: 1 });
    expect(hasKernel(FUSED_KERNELS.pairLayer)).toBe(true);
    const alone = valuesAndGradients(pairLayer, given);
    await useBackend({ backend: 'native', threads: 3 });
    expect(valuesAndGradients(pairLayer, given)).toEqual(alone);
  });

  test('refuses pairs that are not square, weights of other shapes and half the weights of the means', () => {
    const given = { batch: 1, size: 2, channels: 3, means: true };
    const weights = randomWeights(given);
    const pairs = normal('pairs', [1, 2, 2, 3]) as tf.Tensor4D;
    expect(() => pairLayer(normal('other', [1, 2, 3, 3]) as tf.Tensor4D, weights)).toThrow(/'pairs' must have shape/);
    expect(() => pairLayer(pairs, { ...weights, ownBias: tf.zeros([3]) })).toThrow(/'ownBias' must have shape \[6\]/);
    expect(() => pairLayer(pairs, { ...weights, sinkMeanBias: undefined } as PairLayerWeights)).toThrow(
      /give all of them or none/,
    );
  });
});
