import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { PairEncoderConfig } from '../../../models/networks/encoder-config.js';
import { DesignPolicy } from '../../../models/policy/design-policy.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import { startFromPolicy, startFromPosterior } from '../../../training/loop/warm-start.js';
import { toyPosterior } from '../branched-gradient/toy-experiment.js';

beforeAll(async () => {
  await useBackend({ threads: 1 });
});

const encoder = { width: 8, heads: 2, pairs: 1, feedForwardFactor: 2, inputScaling: 'standardize' };
const makePolicy = (overrides: object = {}) =>
  new DesignPolicy(PolicyConfig.parse({ ...encoder, hidden: [8], ...overrides }), 2, new RandomStream('warm'));

test('the encoder becomes the posterior’s, the head stays', () => {
  const posterior = toyPosterior();
  const policy = makePolicy();
  const before = policy.parameters.toArrays();
  startFromPosterior(policy, posterior);
  const given = posterior.parameters.toArrays();
  for (const [name, { data }] of policy.parameters.toArrays())
    expect(data).toEqual((name.startsWith('encoder/') ? given : before).get(name)!.data);
});

test('so does the encoder of pairs, where both have the same one', () => {
  const pairEncoder = PairEncoderConfig.parse({ channels: 4, layers: 1 });
  const posterior = toyPosterior({ pairEncoder });
  const policy = makePolicy({ pairEncoder });
  startFromPosterior(policy, posterior);
  const name = 'pair/layer0/own/weight';
  expect(policy.parameters.toArrays().get(name)!.data).toEqual(posterior.parameters.toArrays().get(name)!.data);
  expect(() => startFromPosterior(makePolicy(), posterior)).toThrow(/policy\.pairEncoder is undefined/);
});

test('encoders that differ are named', () => {
  expect(() => startFromPosterior(makePolicy({ heads: 4 }), toyPosterior())).toThrow(
    /policy\.heads is 4 and the posterior's is 2; set policy\.heads/,
  );
  expect(() => startFromPosterior(makePolicy({ inputScaling: 'keep' }), toyPosterior())).toThrow(
    /policy\.inputScaling/,
  );
});

test('a policy starts from all weights of another, however many variables that one knew; what differs is named', () => {
  const start = makePolicy();
  const shifted = start.parameters.get('head/linear0/bias');
  shifted.assign(tf.add(shifted, 1));
  const policy = makePolicy();
  startFromPolicy(policy, start);
  expect(policy.parameters.toArrays()).toEqual(start.parameters.toArrays());
  expect(() => startFromPolicy(makePolicy({ hidden: [16] }), start)).toThrow(
    /policy\.hidden is \[16\] and that policy's is \[8\]; set policy\.hidden to it/,
  );
  expect(() => startFromPolicy(makePolicy({ inputScaling: 'keep' }), start)).toThrow(/policy\.inputScaling is "keep"/);
  expect(() => startFromPolicy(makePolicy({ head: { kind: 'single' } }), start)).toThrow(/policy\.head\.kind/);
});
