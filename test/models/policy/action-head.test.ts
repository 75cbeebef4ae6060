import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { packHistories, toHistoryBatch } from '../../../models/networks/history-batch.js';
import { candidateActions } from '../../../models/policy/candidate-actions.js';
import { DesignPolicy } from '../../../models/policy/design-policy.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import { permuteHistory, randomHistory } from '../random-histories.js';

const HEADS = [
  { kind: 'independent' },
  { kind: 'single' },
  { kind: 'bernoulli' },
  { kind: 'subset', minimumTargets: 1, maximumTargets: 3 },
  { kind: 'single', valueSign: 'chosen' },
  { kind: 'bernoulli', valueSign: 'chosen' },
] as const;
type Head = (typeof HEADS)[number];

const network = { width: 16, heads: 4, pairs: 1, hidden: [16], chunk: 2 };

/** A policy whose last layer is enlarged, so that it prefers some targets clearly. */
function makePolicy(head: Head, channels = 2): DesignPolicy {
  const policy = new DesignPolicy(PolicyConfig.parse({ ...network, head }), channels, new RandomStream('test/heads'));
  const weight = policy.parameters.get('head/linear1/weight');
  weight.assign(tf.mul(20, weight.clone()));
  return policy;
}

beforeAll(async () => {
  await useBackend();
});

describe.each(HEADS.map((head) => ({ name: Object.values(head).join(' '), head })))(
  'a policy with the $name head',
  ({ head }) => {
    const history = randomHistory(5, 6, new RandomStream('heads/history'));

    test('permuting the variables permutes the decision and the log-probability', () => {
      const policy = makePolicy(head);
      const variables = new RandomStream('heads/order').permutation(5);
      const permuted = permuteHistory(history, variables, new RandomStream('heads/rows').permutation(6));
      const original = policy.act([history], 'deterministic', []);
      const relabelled = policy.act([permuted], 'deterministic', []);
      for (let i = 0; i < 5; i++)
        for (let channel = 0; channel < 2; channel++)
          expect(relabelled[2 * i + channel]).toBeCloseTo(original[2 * variables[i]! + channel]!, 3);
      const set = Uint8Array.of(0, 0, 1, 0, 0);
      const logProbability = (of: typeof history, flags: Uint8Array) =>
        policy
          .distribution(toHistoryBatch(packHistories([of])))
          .targets.logProbability(flags)
          .dataSync()[0];
      const moved = Uint8Array.from(variables, (variable) => set[variable]!);
      expect(logProbability(permuted, moved)).toBeCloseTo(logProbability(history, set)!, 3);
    });

    test('decisions beside others equal decisions alone, and forbidden variables stay untouched', () => {
      const policy = makePolicy(head);
      const histories = [2, 8, 5].map((rows) => randomHistory(4, rows, new RandomStream(`heads/${rows}`)));
      const streams = () => histories.map((_, k) => new RandomStream(`heads/noise/${k}`));
      const allowed = [Uint8Array.of(1, 1, 0, 1), Uint8Array.of(0, 1, 0, 1), Uint8Array.of(1, 0, 0, 0)];
      const options = { interventionKind: 'do', valueRange: 1, allowedTargets: allowed } as const;
      for (const mode of ['stochastic', 'deterministic'] as const) {
        const together = policy.propose(histories, { ...options, mode, streams: streams() });
        histories.forEach((one, k) => {
          const alone = policy.propose([one], {
            ...options,
            allowedTargets: [allowed[k]!],
            mode,
            streams: [streams()[k]!],
          });
          expect([...alone[0]!.targets]).toEqual([...together[k]!.targets]);
          together[k]!.targets.forEach((flag, i) => {
            expect(flag).toBeLessThanOrEqual(allowed[k]![i]!);
            if (flag === 1) expect(alone[0]!.values![i]).toBeCloseTo(together[k]!.values![i]!, 4);
          });
        });
      }
    });

    test('the deterministic decision is the mode of the targets with tanh of the mean value', () => {
      const policy = makePolicy(head);
      const [intervention] = policy.propose([history], {
        mode: 'deterministic',
        interventionKind: 'do',
        valueRange: 2,
        streams: [],
      });
      const { targets, value, signs } = policy.distribution(toHistoryBatch(packHistories([history])));
      expect([...intervention!.targets]).toEqual([...targets.mode()]);
      const mean = value!.mean.dataSync();
      const positive = signs?.mode();
      intervention!.targets.forEach((flag, i) => {
        const free = Math.tanh(mean[i]!);
        const wanted = positive === undefined ? free : (2 * positive[i]! - 1) * 0.5 * (1 + free);
        if (flag === 1) expect(intervention!.values![i]).toBeCloseTo(2 * wanted, 4);
      });
      if (head.kind === 'single') expect(intervention!.targets.reduce((n, flag) => n + flag, 0)).toBe(1);
    });

    test('kinds without values need no value numbers', () => {
      const policy = makePolicy(head, 1);
      const [intervention] = policy.propose([history], {
        mode: 'stochastic',
        interventionKind: 'knockout',
        valueRange: 1,
        streams: [new RandomStream('knockout')],
      });
      expect(intervention!.values).toBeUndefined();
      expect(intervention!.targets).toHaveLength(5);
    });
  },
);

describe('the published head', () => {
  test('is the default and keeps its parameters', () => {
    const config = PolicyConfig.parse(network);
    expect(config.head).toEqual({ kind: 'independent' });
    const policy = new DesignPolicy(config, 2, new RandomStream('names'));
    expect(policy.parameters.names.slice(-4)).toEqual([
      'head/linear0/weight',
      'head/linear0/bias',
      'head/linear1/weight',
      'head/linear1/bias',
    ]);
    expect(policy.parameters.get('head/linear1/weight').shape).toEqual([4, 16]);
  });

  test('has no chosen target sets to reparameterise, and the others no reparameterised action', () => {
    const batch = toHistoryBatch(packHistories([randomHistory(3, 2, new RandomStream('h'))]));
    expect(() => makePolicy({ kind: 'single' }).sample(batch, tf.zeros([1, 3, 2]))).toThrow(
      /the 'single' head has no reparameterised action/,
    );
  });
});

describe('candidateActions', () => {
  const history = randomHistory(3, 4, new RandomStream('candidates'));

  test('of the single head are all targets with their probabilities', () => {
    const policy = makePolicy({ kind: 'single' });
    const distribution = policy.distribution(toHistoryBatch(packHistories([history, history])));
    const candidates = candidateActions(distribution, [2, 3], { draws: 1, stream: new RandomStream('c') });
    expect(candidates.actions.shape).toEqual([2, 3, 3, 2]);
    expect(candidates.drawnLogProbability).toBeUndefined();
    expect(tf.sum(candidates.weights, 1).dataSync()[1]).toBeCloseTo(1, 5);
    const actions = candidates.actions.arraySync();
    actions[0]!.forEach((action, target) => {
      action.forEach(([isOn, value], variable) => {
        expect(isOn).toBe(variable === target ? 1 : -1);
        if (variable !== target) expect(Math.abs(value!)).toBe(0);
      });
    });
  });

  test('of the single head with chosen signs are all targets with both signs', () => {
    const policy = makePolicy({ kind: 'single', valueSign: 'chosen' });
    const distribution = policy.distribution(toHistoryBatch(packHistories([history])));
    const candidates = candidateActions(distribution, [1, 3], { draws: 1, stream: new RandomStream('c') });
    expect(tf.sum(candidates.weights).dataSync()[0]).toBeCloseTo(1, 5);
    const chosen = candidates.actions.arraySync()[0]!.map((action) => {
      const target = action.findIndex(([isOn]) => isOn! > 0);
      return `${target}${action[target]![1]! > 0 ? '+' : '-'}`;
    });
    expect(chosen).toEqual(['0+', '0-', '1+', '1-', '2+', '2-']);
  });

  test('of drawn sets carry the density of the used values only', () => {
    const policy = makePolicy({ kind: 'bernoulli' });
    const distribution = policy.distribution(toHistoryBatch(packHistories([history])));
    const stream = new RandomStream('drawn');
    const candidates = candidateActions(distribution, [1, 3], { draws: 5, stream });
    expect([...candidates.weights.dataSync()]).toEqual(new Array(5).fill(Math.fround(0.2)));
    const noise = stream.child('noise').fillNormal(new Float32Array(3));
    const mean = distribution.value!.mean.dataSync();
    const logStd = distribution.value!.logStd.dataSync();
    candidates.actions.arraySync()[0]!.forEach((action, m) => {
      const flags = Uint8Array.from(action, ([isOn]) => (isOn! > 0 ? 1 : 0));
      let expected = distribution.targets.logProbability(flags).dataSync()[0]!;
      flags.forEach((flag, i) => {
        const value = Math.tanh(mean[i]! + Math.exp(logStd[i]!) * noise[i]!);
        expect(action[i]![1]).toBeCloseTo(flag * value, 5);
        const logNormal = -0.5 * noise[i]! ** 2 - logStd[i]! - 0.5 * Math.log(2 * Math.PI);
        expected += flag * (logNormal - Math.log(1 - value ** 2));
      });
      expect(candidates.logProbability.arraySync()[0]![m]).toBeCloseTo(expected, 3);
    });
  });
});

describe('the largest entropy of an action', () => {
  const largest = (head: object, size: number, channels = 2) =>
    new DesignPolicy(
      PolicyConfig.parse({ ...network, head }),
      channels,
      new RandomStream('largest'),
    ).head.maximumEntropy(size);

  test('is the logarithm of what there is to choose among: sets, times the length 2 of every value’s range', () => {
    // Three variables: sizes 0, 1, 2, 3 have 1, 3, 3, 1 sets.
    expect(largest({ kind: 'single' }, 3)).toBeCloseTo(Math.log(3 * 2), 10);
    expect(largest({ kind: 'bernoulli' }, 3)).toBeCloseTo(Math.log(1 + 3 * 2 + 3 * 4 + 8), 10);
    expect(largest({ kind: 'subset', minimumTargets: 1, maximumTargets: 2 }, 3)).toBeCloseTo(Math.log(6 + 12), 10);
    expect(largest({ kind: 'subset', minimumTargets: 0, maximumTargets: 9 }, 3, 1)).toBeCloseTo(Math.log(8), 10);
    expect(largest({ kind: 'independent' }, 3)).toBeCloseTo(6 * Math.LN2, 10);
  });
});
