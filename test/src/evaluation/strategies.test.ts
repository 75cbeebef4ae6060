import { describe, expect, test } from 'vitest';
import { History } from '../../../core/causal/history.js';
import { observe, validateIntervention } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import {
  createStrategies,
  SIMPLE_STRATEGY_NAMES,
  STRATEGY_NAMES,
  strategyLabel,
} from '../../../src/evaluation/strategies/registry.js';
import type { DesignContext, DesignStrategy } from '../../../src/evaluation/strategy.js';

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

test.each([
  { name: 'round-robin-full', perRound: 1 },
  { name: 'round-robin-pairs-full', perRound: 2 },
])(
  '$name: every variable once before any is used again, in an order that differs between systems',
  ({ name, perRound }) => {
    const histories = Array.from({ length: 20 }, () => new History(SIZE));
    for (const history of histories) history.append(new Float32Array(3 * SIZE), observe(SIZE));
    const orders = histories.map((): number[] => []);
    for (let step = 0; step < (2 * SIZE) / perRound; step++) {
      const streams = histories.map((_, system) => new RandomStream(`round-robin/${system}/${step}`));
      simple(name)
        .propose(context(20, { histories, streams, step }))
        .forEach((intervention, system) => {
          expect(targetCount(intervention.targets)).toBe(perRound);
          intervention.targets.forEach((flag, target) => {
            if (flag === 0) return;
            expect(Math.abs(intervention.values![target]!)).toBe(2);
            orders[system]!.push(target);
          });
          histories[system]!.append(new Float32Array(SIZE), intervention);
        });
    }
    const everyVariable = Array.from({ length: SIZE }, (_, variable) => variable);
    for (const order of orders) {
      expect(order.slice(0, SIZE).sort()).toEqual(everyVariable);
      expect(order.slice(SIZE).sort()).toEqual(everyVariable);
    }
    expect(new Set(orders.map((order) => order.slice(0, SIZE).join())).size).toBeGreaterThan(10);
  },
);

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
    [histories, { mode: 'stochastic', interventionKind, valueRange, streams }],
    [histories, { mode: 'deterministic', interventionKind, valueRange, streams }],
  ]);
});

describe('createStrategies', () => {
  test('keeps the order and the names', () => {
    const names = ['random', 'observational', 'round-robin-full'];
    expect(createStrategies(names).map(({ name }) => name)).toEqual(names);
  });

  test('names an unknown strategy and lists the known ones', () => {
    expect(() => createStrategies(['clever'])).toThrow(
      `evaluation.strategies: unknown strategy 'clever'; choose among ${STRATEGY_NAMES.join(', ')}`,
    );
  });

  test('refuses a repeated strategy and a policy strategy without a policy', () => {
    expect(() => createStrategies(['random', 'random'])).toThrow("'random' is listed twice");
    expect(() => createStrategies(['policy'])).toThrow("'policy' needs a trained policy");
  });
});

test('every strategy has words for tables', () => {
  expect(new Set(STRATEGY_NAMES.map(strategyLabel)).size).toBe(STRATEGY_NAMES.length);
  expect(strategyLabel('a-method-of-the-user')).toBe('a-method-of-the-user');
});
