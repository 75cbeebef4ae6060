import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { History } from '../../../core/causal/history.js';
import { RandomStream } from '../../../core/random/stream.js';
import { packHistories, toHistoryBatch } from '../../../models/networks/history-batch.js';
import { AmortizedGraphPosterior } from '../../../models/posterior/amortized-graph-posterior.js';
import { GraphPosteriorConfig } from '../../../models/posterior/graph-posterior-config.js';
import { permuteHistory, randomHistory } from '../random-histories.js';

const SMALL = { width: 16, heads: 2, keySize: 4, pairs: 1, chunk: 3 };
const SINKS = { channels: 6, layers: 2, means: true };
const NETWORKS = [
  { name: 'the published head', config: GraphPosteriorConfig.parse(SMALL) },
  {
    name: 'a logit from the moments of pairs',
    config: GraphPosteriorConfig.parse({ ...SMALL, pairEncoder: { channels: 6, layers: 2 } }),
  },
  {
    name: 'the regressions of sinks alone',
    config: GraphPosteriorConfig.parse({ ...SMALL, pairs: 0, pairEncoder: { ...SINKS, statistics: 'sinks' } }),
  },
  {
    name: 'all statistics of pairs beside attention',
    config: GraphPosteriorConfig.parse({ ...SMALL, pairEncoder: { ...SINKS, statistics: 'both' } }),
  },
];

/** A posterior whose pair logit, which starts from 0, has a say. */
function makePosterior(config: GraphPosteriorConfig): AmortizedGraphPosterior {
  const posterior = new AmortizedGraphPosterior(config, new RandomStream('test/posterior'));
  const weights = posterior.parameters.toArrays();
  new RandomStream('test/pair-logit').fillUniform(
    weights.get('pairLogit/weight')?.data ?? new Float32Array(0),
    -0.3,
    0.3,
  );
  posterior.parameters.load(weights, 'test');
  return posterior;
}

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance = 2e-5): void {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++) expect(Math.abs(got[i]! - want[i]!)).toBeLessThan(tolerance);
}

describe.each(NETWORKS)('AmortizedGraphPosterior with $name', ({ config }) => {
  let posterior: AmortizedGraphPosterior;

  beforeAll(async () => {
    await useBackend();
    posterior = makePosterior(config);
  });
  afterAll(() => posterior.dispose());

  test('gives probabilities with a zero diagonal and leaks no tensor', () => {
    const histories = [1, 2, 3, 4].map((k) => randomHistory(5, 4 + k, new RandomStream(`h${k}`)));
    const before = tf.memory().numTensors;
    const probabilities = posterior.edgeProbabilities(histories);
    expect(tf.memory().numTensors).toBe(before);
    expect(probabilities.length).toBe(4 * 25);
    for (let k = 0; k < 4; k++)
      for (let i = 0; i < 5; i++)
        for (let j = 0; j < 5; j++) {
          const p = probabilities[k * 25 + i * 5 + j]!;
          if (i === j) expect(p).toBe(0);
          else expect(p > 0 && p < 1).toBe(true);
        }
  });

  test('relabelling the variables relabels the edges; the order of rows does not matter', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 8 }),
      fc.nat(),
      (d, n, seed) => {
        const stream = new RandomStream(`equivariance/${seed}`);
        const history = randomHistory(d, n, stream);
        const variables = stream.permutation(d);
        const permuted = permuteHistory(history, variables, stream.permutation(n));
        const [original, relabelled] = [history, permuted].map((h) => posterior.edgeProbabilities([h])) as [
          Float32Array,
          Float32Array,
        ];
        const expected = relabelled.map((_, at) => original[variables[Math.floor(at / d)]! * d + variables[at % d]!]!);
        expectClose(relabelled, expected);
      },
    );
    fc.assert(property, { numRuns: 15 });
  });

  test('a history scored beside longer ones gets the probabilities it gets alone', () => {
    const histories = [3, 9, 1].map((rows) => randomHistory(4, rows, new RandomStream(`padding/${rows}`)));
    const together = posterior.edgeProbabilities(histories);
    histories.forEach((history, k) => {
      expectClose(posterior.edgeProbabilities([history]), together.subarray(16 * k, 16 * (k + 1)));
    });
  });

  test('without any row it still answers', () => {
    const probabilities = posterior.edgeProbabilities([new History(3)]);
    expect([...probabilities].every(Number.isFinite)).toBe(true);
  });

  test('rescaling a variable changes nothing, since values are standardised', () => {
    const history = randomHistory(3, 6, new RandomStream('scale'));
    const scaled = new History(3);
    for (let row = 0; row < 6; row++) {
      const values = Float32Array.from(history.values.subarray(3 * row, 3 * row + 3), (v, i) => v * (i + 2) + 5);
      scaled.append(values, { kind: 'do', targets: history.targets.slice(3 * row, 3 * row + 3), values });
    }
    expectClose(posterior.edgeProbabilities([scaled]), posterior.edgeProbabilities([history]), 1e-4);
  });

  test('its gradient in the values is that of finite differences', () => {
    const history = randomHistory(4, 6, new RandomStream('posterior/gradient-away-from-kinks'));
    const batch = toHistoryBatch(packHistories([history]));
    const direction = tf.mul(tf.randomNormal(batch.channels.shape, 0, 1, 'float32', 3), [1, 0]);
    const score = (x: tf.Tensor) => tf.sum(tf.sin(posterior.logits({ ...batch, channels: x as tf.Tensor4D })));
    const slope = tf.sum(tf.mul(tf.grad(score)(batch.channels), direction)).dataSync()[0]!;
    const at = (step: number) => score(tf.add(batch.channels, tf.mul(step, direction))).dataSync()[0]!;
    const difference = (at(0.0005) - at(-0.0005)) / 0.001;
    expect(Math.abs(slope - difference)).toBeLessThan(0.02 * Math.max(1, Math.abs(slope)));
  });

  test('refuses a width that its heads do not divide', () => {
    const bad = GraphPosteriorConfig.parse({ width: 10, heads: 4 });
    expect(() => new AmortizedGraphPosterior(bad, new RandomStream('x'))).toThrow(
      /'width' 10 is not divisible by 'heads' 4/,
    );
  });
});

test('refuses a network that reads nothing', () => {
  const blind = GraphPosteriorConfig.parse({ pairs: 0 });
  expect(() => new AmortizedGraphPosterior(blind, new RandomStream('x'))).toThrow(/'pairs' is 0.*so nothing is read/);
});

test('keeping the scale, it tells small noise from large', () => {
  const config = GraphPosteriorConfig.parse({ pairs: 0, inputScaling: 'keep', pairEncoder: { statistics: 'sinks' } });
  const posterior = makePosterior(config);
  const history = randomHistory(3, 6, new RandomStream('scale'));
  const halved = new History(3);
  halved.append(
    history.values.map((value) => value / 2),
    { kind: 'none', targets: new Uint8Array(3) },
  );
  const plain = new History(3);
  plain.append(history.values, { kind: 'none', targets: new Uint8Array(3) });
  const [one, other] = [plain, halved].map((h) => posterior.edgeProbabilities([h])) as [Float32Array, Float32Array];
  expect(Math.abs(one[1]! - other[1]!)).toBeGreaterThan(0.002);
  posterior.dispose();
});

test('the pair logit starts from the published head', () => {
  const [published, extended] = NETWORKS.map(
    ({ config }) => new AmortizedGraphPosterior(config, new RandomStream('test/posterior')),
  ) as [AmortizedGraphPosterior, AmortizedGraphPosterior];
  const histories = [randomHistory(4, 6, new RandomStream('posterior/start'))];
  expect([...extended.edgeProbabilities(histories)]).toEqual([...published.edgeProbabilities(histories)]);
});
