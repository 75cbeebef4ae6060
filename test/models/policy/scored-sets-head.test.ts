import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { packHistories, toHistoryBatch } from '../../../models/networks/history-batch.js';
import { DesignPolicy } from '../../../models/policy/design-policy.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import type { ScoredSetsHead } from '../../../models/policy/scored-sets-head.js';
import { permuteHistory, randomHistory } from '../random-histories.js';

const network = {
  width: 8,
  pairs: 0,
  hidden: [8],
  chunk: 2,
  pairEncoder: { channels: 4, layers: 1, statistics: 'sinks', means: true },
};

function makePolicy({ channels = 2, head = {} } = {}): DesignPolicy {
  const config = PolicyConfig.parse({ ...network, head: { kind: 'scored', maximumTargets: 2, ...head } });
  return new DesignPolicy(config, channels, new RandomStream('scored'));
}

const histories = [2, 8, 5].map((rows) => randomHistory(4, rows, new RandomStream(`scored/${rows}`)));
const options = { interventionKind: 'do', valueRange: 3, streams: [] as RandomStream[] } as const;
const streams = () => histories.map((_, k) => new RandomStream(`scored/noise/${k}`));

beforeAll(async () => {
  await useBackend();
});

describe('a policy with the scored head', () => {
  test('takes one to two targets at the ends of the range, alone as beside others', () => {
    const policy = makePolicy();
    for (const mode of ['deterministic', 'stochastic'] as const) {
      const together = policy.propose(histories, { ...options, mode, streams: streams() });
      together.forEach(({ targets, values }, k) => {
        const count = targets.reduce((sum, flag) => sum + flag, 0);
        expect(count).toBeGreaterThanOrEqual(1);
        expect(count).toBeLessThanOrEqual(2);
        targets.forEach((flag, i) => {
          if (flag === 1) expect(Math.abs(values![i]!)).toBe(3);
        });
        const [alone] = policy.propose([histories[k]!], { ...options, mode, streams: [streams()[k]!] });
        expect(alone).toEqual(together[k]);
      });
    }
  });

  test('numbers variables as it likes: permuted histories get permuted decisions, up to a common sign', () => {
    const policy = makePolicy();
    const variables = new RandomStream('scored/order').permutation(4);
    const permuted = permuteHistory(histories[1]!, variables, new RandomStream('scored/rows').permutation(8));
    const [original] = policy.propose([histories[1]!], { ...options, mode: 'deterministic' });
    const [moved] = policy.propose([permuted], { ...options, mode: 'deterministic' });
    const chosen = [...variables].flatMap((from, i) => (original!.targets[from] === 1 ? [[from, i] as const] : []));
    expect([...moved!.targets]).toEqual([...variables].map((from) => original!.targets[from]!));
    const ratios = chosen.map(([from, i]) => moved!.values![i]! / original!.values![from]!);
    for (const ratio of ratios) expect(ratio).toBe(ratios[0]);
  });

  test('keeps to allowed targets', () => {
    const policy = makePolicy();
    const allowedTargets = histories.map(() => Uint8Array.of(0, 1, 0, 0));
    for (const mode of ['deterministic', 'stochastic'] as const)
      for (const { targets } of policy.propose(histories, { ...options, mode, streams: streams(), allowedTargets }))
        expect([...targets]).toEqual([0, 1, 0, 0]);
  });

  test('thousands of sets, valued in slices, give the decision of all at once', () => {
    const policy = makePolicy({ head: { maximumTargets: 3 } });
    const large = [6, 6, 6].map((rows, k) => randomHistory(20, rows, new RandomStream(`scored/large/${k}`)));
    const head = policy.head as ScoredSetsHead;
    const sets = head.sets(20);
    const whole = tf.tidy(() => {
      const listed = tf.tensor3d(Float32Array.from(sets), [1, 4960, 20]);
      return head.values(policy.encode(toHistoryBatch(packHistories(large))), tf.tile(listed, [3, 1, 1])).arraySync();
    });
    policy.propose(large, { ...options, mode: 'deterministic' }).forEach(({ targets, values }, k) => {
      const best = whole[k]!.indexOf(Math.max(...whole[k]!));
      const chosen = Array.from(targets, (flag, i) => flag * Math.sign(values![i]!));
      expect(chosen).toEqual([...sets.subarray(best * 20, (best + 1) * 20)]);
    });
  });

  test('kinds without values have sets without signs', () => {
    const policy = makePolicy({ channels: 1 });
    const [intervention] = policy.propose([histories[0]!], {
      ...options,
      interventionKind: 'knockout',
      mode: 'deterministic',
    });
    expect(intervention!.values).toBeUndefined();
    expect(policy.parameters.names).not.toContain('head/signed/weight');
  });

  test('entropies of targets fall with the temperature and lie below that of all sets alike', () => {
    const [hot, cold] = [1e4, 1e-4].map((temperature) => makePolicy({ head: { temperature } }));
    // Four single variables and six pairs; the pairs have two patterns of signs.
    const alike = -(4 / 16) * Math.log(1 / 16) - (12 / 16) * Math.log(2 / 16);
    for (const entropy of hot!.targetEntropies(histories)) expect(entropy).toBeCloseTo(alike, 2);
    for (const entropy of cold!.targetEntropies(histories)) expect(entropy).toBeLessThan(0.5);
  });

  test('says what it lacks: encodings of pairs, a distribution to learn by', () => {
    const { pairEncoder: _none, ...without } = network;
    const config = PolicyConfig.parse({ ...without, pairs: 1, heads: 2, head: { kind: 'scored' } });
    expect(() => new DesignPolicy(config, 2, new RandomStream('none'))).toThrow(/set policy.pairEncoder/);
    const batch = toHistoryBatch(packHistories(histories));
    expect(() => makePolicy().distribution(batch)).toThrow(/no differentiable distribution/);
  });
});
