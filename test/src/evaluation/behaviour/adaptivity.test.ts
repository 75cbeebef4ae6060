import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import { History } from '../../../../core/causal/history.js';
import { doIntervention, observe } from '../../../../core/causal/intervention.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { DesignPolicy } from '../../../../models/policy/design-policy.js';
import { PolicyConfig } from '../../../../models/policy/policy-config.js';
import { adaptivityByRound, pluginEntropy, watchEntropy } from '../../../../src/evaluation/behaviour/adaptivity.js';
import { Bootstrap } from '../../../../src/evaluation/scores/statistics.js';
import { createStrategies } from '../../../../src/evaluation/strategies/registry.js';
import { play } from './plays.js';

test('plug-in entropy of labels', () => {
  expect(pluginEntropy(['a', 'a', 'b', 'b'])).toBeCloseTo(Math.LN2, 12);
  expect(pluginEntropy(['a', 'a', 'a', 'b'])).toBeCloseTo(0.5623351446188083, 12);
  expect(pluginEntropy(['a', 'a'])).toBe(0);
});

test('what the history decides is what is left of the entropy over systems', () => {
  const other = play({ system: 1, interventions: [1, 2, 0].map((target) => doIntervention(3, { [target]: 1 })) });
  const bootstrap = new Bootstrap(2, 100, new RandomStream('adaptivity'));
  const rounds = adaptivityByRound(
    [play(), other],
    [
      [0.5, 0.25],
      [0, 0],
      [0, 0],
    ],
    bootstrap,
  );
  // Round 1: targets 0 and 1; round 2: {1, 2} and 2; round 3: 0 and 0.
  expect(rounds.map(({ round }) => round)).toEqual([1, 2, 3]);
  expect(rounds[0]!.marginalEntropy).toBeCloseTo(Math.LN2, 12);
  expect(rounds[0]!.conditionalEntropy).toMatchObject({ mean: 0.375, n: 2 });
  expect(rounds[0]!.dependence).toBeCloseTo(Math.LN2 - 0.375, 12);
  expect(rounds[1]!.dependence).toBeCloseTo(Math.LN2, 12);
  expect(rounds[2]!.dependence).toBe(0);
});

describe('of a policy', () => {
  beforeAll(() => useBackend());

  const histories = [0, 1, 2, 3, 4].map((number) => {
    const history = new History(3);
    history.append(new RandomStream(`history/${number}`).fillNormal(new Float32Array(12)), observe(3));
    return history;
  });
  const policy = (chunk: number) =>
    new DesignPolicy(
      PolicyConfig.parse({ width: 8, heads: 2, pairs: 1, hidden: [8], head: { kind: 'single' }, chunk }),
      2,
      new RandomStream('weights'),
    );

  test('a new policy is nearly undecided among the variables, however many histories go into one pass', () => {
    const whole = policy(8).targetEntropies(histories);
    expect(whole).toHaveLength(5);
    for (const entropy of whole) {
      expect(entropy).toBeLessThanOrEqual(Math.log(3) + 1e-6);
      expect(entropy).toBeGreaterThan(0.9 * Math.log(3));
    }
    policy(2)
      .targetEntropies(histories)
      .forEach((entropy, k) => {
        expect(entropy).toBeCloseTo(whole[k]!, 5);
      });
  });

  test('watching changes nothing of what is proposed', () => {
    const own = policy(8);
    const [strategy] = createStrategies(['policy'], { policy: own });
    const seen: [number, number][] = [];
    const watched = watchEntropy(strategy!, own, (step, entropies) => seen.push([step, entropies.length]));
    const context = () => ({
      histories,
      step: 1,
      budget: 2,
      interventionKind: 'do' as const,
      valueRange: 1,
      streams: histories.map((_, k) => new RandomStream(`choice/${k}`)),
    });
    expect(watched.propose(context())).toEqual(strategy!.propose(context()));
    expect(seen).toEqual([[1, 5]]);
  });
});
