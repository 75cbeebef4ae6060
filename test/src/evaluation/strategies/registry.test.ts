import { describe, expect, test } from 'vitest';
import { History } from '../../../../core/causal/history.js';
import { observe, validateIntervention } from '../../../../core/causal/intervention.js';
import { RandomStream } from '../../../../core/random/stream.js';
import type { DesignContext, DesignStrategy } from '../../../../models/design-strategy.js';
import {
  createGoalStrategies,
  createStrategies,
  needsPolicy,
  plansWith,
  SIMPLE_STRATEGY_NAMES,
  strategyLabel,
  strategyNames,
} from '../../../../src/evaluation/strategies/registry.js';

const SIZE = 6;

function context(systems: number, overrides: Partial<DesignContext> = {}): DesignContext {
  return {
    histories: Array.from({ length: systems }, () => new History(SIZE)),
    step: 0,
    budget: 4,
    interventionKind: 'do',
    valueRange: 2,
    streams: Array.from({ length: systems }, (_, system) => new RandomStream(`strategies-test/${system}`)),
    ...overrides,
  };
}

function simple(name: string): DesignStrategy {
  return createStrategies([name])[0]!;
}

const targetCount = (targets: Uint8Array): number => targets.reduce((sum, flag) => sum + flag, 0);

describe.each(SIMPLE_STRATEGY_NAMES)('%s', (name) => {
  test.each(['do', 'shift', 'knockout', 'knockdown'] as const)('proposes valid %s experiments', (interventionKind) => {
    const proposed = simple(name).propose(context(50, { interventionKind }));
    expect(proposed).toHaveLength(50);
    for (const intervention of proposed) {
      validateIntervention(intervention, SIZE, [interventionKind]);
      for (const value of intervention.values ?? []) expect(Math.abs(value)).toBeLessThanOrEqual(2);
      if (interventionKind === 'knockout') expect(intervention.values).toBeUndefined();
    }
  });

  test('depends on the streams alone', () => {
    expect(simple(name).propose(context(10))).toEqual(simple(name).propose(context(10)));
    const third = simple(name).propose(context(3))[2];
    const streams = [new RandomStream('strategies-test/2')];
    expect(simple(name).propose(context(1, { streams }))[0]).toEqual(third);
  });
});

test('random: half of the targets on, values uniform over the range', () => {
  const proposed = simple('random').propose(context(500));
  const flags = proposed.flatMap(({ targets }) => [...targets]);
  const values = proposed.flatMap((intervention) => [...intervention.values!]);
  const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  expect(Math.abs(mean(flags) - 0.5)).toBeLessThan(0.04);
  expect(Math.abs(mean(values))).toBeLessThan(0.1);
  // Variance of the uniform distribution on [-2, 2].
  expect(Math.abs(mean(values.map((value) => value ** 2)) - 4 / 3)).toBeLessThan(0.1);
});

test('random-zero: values 0', () => {
  for (const { values } of simple('random-zero').propose(context(20)))
    expect([...values!]).toEqual(Array(SIZE).fill(0));
});

test('random-full: every value at one end of the range, both signs, several targets', () => {
  const proposed = simple('random-full').propose(context(100));
  const values = new Set(proposed.flatMap((intervention) => [...intervention.values!]));
  expect([...values].sort()).toEqual([-2, 2]);
  expect(Math.max(...proposed.map(({ targets }) => targetCount(targets)))).toBeGreaterThan(1);
});

test('random-single: one target, all variables equally likely', () => {
  const counts = new Array<number>(SIZE).fill(0);
  for (const { targets } of simple('random-single').propose(context(1200))) {
    expect(targetCount(targets)).toBe(1);
    counts[targets.indexOf(1)]!++;
  }
  // Expected 200 each, standard deviation 13.
  for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(60);
});

test('observational: no targets', () => {
  for (const intervention of simple('observational').propose(context(5))) expect(intervention).toEqual(observe(SIZE));
});

test('a trained policy is asked in its mode, with the context it was given', () => {
  const asked: unknown[] = [];
  const policy = {
    propose: (...request: unknown[]) => {
      asked.push(request);
      return [observe(SIZE)];
    },
  };
  const [stochastic, deterministic] = createStrategies(['policy', 'policy-deterministic'], { policy });
  const given = context(1);
  expect(stochastic!.propose(given)).toEqual([observe(SIZE)]);
  deterministic!.propose(given);
  const { histories, interventionKind, valueRange, streams } = given;
  expect(asked).toEqual([
    [histories, { mode: 'stochastic', interventionKind, valueRange, streams, allowedTargets: undefined }],
    [histories, { mode: 'deterministic', interventionKind, valueRange, streams, allowedTargets: undefined }],
  ]);
});

test('random-single-full: one target at one end of the range', () => {
  for (const { targets, values } of simple('random-single-full').propose(context(50))) {
    expect(targetCount(targets)).toBe(1);
    expect(Math.abs(values![targets.indexOf(1)]!)).toBe(2);
  }
});

describe('createGoalStrategies', () => {
  test('knows every strategy of the structure task, and those that need a goal', () => {
    const simpleNames = strategyNames('goal').filter((name) => !needsPolicy(name) && plansWith(name) === undefined);
    expect(createGoalStrategies(simpleNames).map(({ name }) => name)).toEqual(simpleNames);
    expect(simpleNames).toEqual(expect.arrayContaining(['civ-ow', 'random-shift', 'round-robin-full']));
    expect(strategyNames('structure')).not.toContain('civ');
  });

  test('the structure task refuses a strategy that needs a goal', () => {
    expect(() => createStrategies(['civ'])).toThrow(
      "strategies: 'civ' needs a goal and does not serve the task 'structure'; choose among policy, ",
    );
  });
});

describe('createStrategies', () => {
  test('keeps the order and the names', () => {
    const names = ['random', 'observational', 'round-robin-full'];
    expect(createStrategies(names).map(({ name }) => name)).toEqual(names);
  });

  test('names an unknown strategy and lists the known ones', () => {
    expect(() => createStrategies(['clever'])).toThrow(
      `strategies: unknown strategy 'clever'; choose among ${strategyNames('structure').join(', ')}`,
    );
  });

  test('refuses a repeated strategy and a policy strategy without a policy', () => {
    expect(() => createStrategies(['random', 'random'])).toThrow("'random' is listed twice");
    expect(() => createStrategies(['policy'])).toThrow("'policy' needs a trained policy");
    expect(() => createStrategies(['lookahead'])).toThrow("'lookahead' needs an exact posterior to plan with");
  });
});

test('every strategy has words for tables', () => {
  const names = strategyNames('goal');
  expect(new Set(names.map(strategyLabel)).size).toBe(names.length);
  expect(strategyLabel('a-method-of-the-user')).toBe('a-method-of-the-user');
});
