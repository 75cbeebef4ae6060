import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignPolicy, type PolicyDecisionOptions } from '../../../models/policy/design-policy.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import { randomHistory } from '../random-histories.js';

beforeAll(async () => {
  await useBackend({ threads: 1 });
});

const network = { width: 8, heads: 2, pairs: 1, hidden: [8], head: { kind: 'single' } };
const makePolicy = (channels: number) =>
  new DesignPolicy(PolicyConfig.parse(network), channels, new RandomStream('refusals'));
const history = randomHistory(3, 4, new RandomStream('refusals/history'));
const asked = (options: object) =>
  ({ mode: 'deterministic', interventionKind: 'do', valueRange: 1, streams: [], ...options }) as PolicyDecisionOptions;

describe('what a policy was not trained for is refused', () => {
  test.each([
    [2, { interventionKind: 'knockout' }, /with values \(do, shift\) and is asked for 'knockout'/],
    [1, { interventionKind: 'do' }, /without values \(knockout, knockdown, overexpression\) and is asked for 'do'/],
    [2, { interventionKind: 'nudge' }, /is asked for 'nudge'; ask for one of these/],
    [2, { interventionKind: 'none' }, /is asked for 'none'/],
    [2, { valueRange: Number.NaN }, /'valueRange' must be a positive number, got NaN/],
    [2, { valueRange: Number.POSITIVE_INFINITY }, /'valueRange' must be a positive number, got Infinity/],
    [2, { valueRange: 0 }, /'valueRange' must be a positive number, got 0/],
    [2, { mode: 'greedy' }, /'mode' must be stochastic or deterministic, got 'greedy'/],
  ])('%i numbers a variable, %j', (channels, options, message) => {
    expect(() => makePolicy(channels).propose([history], asked(options))).toThrow(message);
  });

  test('what it was trained for is not', () => {
    expect(makePolicy(2).propose([history], asked({ interventionKind: 'shift' }))).toHaveLength(1);
    expect(
      makePolicy(1).propose([history], asked({ interventionKind: 'knockdown', valueRange: Number.NaN })),
    ).toHaveLength(1);
  });
});

test.each(['subset', 'scored'])('a %s head without any set of targets is refused', (kind) => {
  const parse = (maximumTargets: number) =>
    PolicyConfig.parse({ ...network, head: { kind, minimumTargets: 3, maximumTargets } });
  expect(() => parse(2)).toThrow(/minimumTargets must not exceed maximumTargets/);
  expect(parse(3).head).toMatchObject({ minimumTargets: 3, maximumTargets: 3 });
});
