import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignPolicy } from '../../../models/policy/design-policy.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import { permuteHistory, randomHistory } from '../random-histories.js';

const ENCODERS = [
  { name: 'the published encoder', options: {} },
  { name: 'the moments of pairs beside it', options: { pairEncoder: { channels: 6, layers: 2 } } },
  {
    name: 'the regressions of sinks alone',
    options: { pairs: 0, pairEncoder: { channels: 6, layers: 2, statistics: 'sinks', means: true } },
  },
];

describe.each(ENCODERS)('DesignPolicy with $name', ({ options }) => {
  let policy: DesignPolicy;

  beforeAll(async () => {
    await useBackend();
    const config = PolicyConfig.parse({ width: 16, heads: 4, pairs: 1, hidden: [16], chunk: 2, ...options });
    policy = new DesignPolicy(config, 2, new RandomStream('test/policy'));
  });

  test('permuting the variables permutes the action; permuting rows changes nothing', () => {
    const stream = new RandomStream('policy-equivariance');
    const history = randomHistory(6, 7, stream);
    const variables = stream.permutation(6);
    const permuted = permuteHistory(history, variables, stream.permutation(7));
    const original = policy.act([history], 'deterministic', []);
    const relabelled = policy.act([permuted], 'deterministic', []);
    for (let i = 0; i < 6; i++)
      for (let channel = 0; channel < 2; channel++)
        expect(relabelled[2 * i + channel]).toBeCloseTo(original[2 * variables[i]! + channel]!, 4);
  });

  test('a history decided beside longer ones gets the action it gets alone, also across chunks', () => {
    const histories = [2, 8, 5].map((rows) => randomHistory(4, rows, new RandomStream(`rows/${rows}`)));
    const streams = () => histories.map((_, k) => new RandomStream(`noise/${k}`));
    const together = policy.act(histories, 'stochastic', streams());
    histories.forEach((history, k) => {
      const alone = policy.act([history], 'stochastic', [streams()[k]!]);
      alone.forEach((value, at) => {
        expect(value).toBeCloseTo(together[8 * k + at]!, 4);
      });
    });
  });

  test('sampled numbers have the distribution that the head states', () => {
    const history = randomHistory(3, 5, new RandomStream('moments'));
    const copies = Array.from({ length: 4000 }, () => history);
    const actions = policy.act(
      copies,
      'stochastic',
      copies.map((_, k) => new RandomStream(`moment/${k}`)),
    );
    const median = policy.act([history], 'deterministic', []);
    for (let number = 0; number < 6; number++) {
      let below = 0;
      for (let k = 0; k < copies.length; k++) if (actions[6 * k + number]! < median[number]!) below++;
      // tanh is monotone, so tanh(mean) is the median: 5 standard errors of a fair coin.
      expect(Math.abs(below / copies.length - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / copies.length));
    }
  });

  test('one stream per history is asked for by name', () => {
    const history = randomHistory(3, 2, new RandomStream('streams'));
    expect(() => policy.act([history, history], 'stochastic', [new RandomStream('one')])).toThrow(
      /'streams' must hold one stream per history \(2\), got 1/,
    );
  });
});
