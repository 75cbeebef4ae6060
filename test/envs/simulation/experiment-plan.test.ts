import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignEnvSettings } from '../../../envs/design/design-env-config.js';
import { PosteriorDataConfig } from '../../../envs/simulation/config.js';
import { drawExperimentPlan, type ExperimentPlan } from '../../../envs/simulation/experiment-plan.js';

const SIZE = 5;
const COUNT = 2000;

function plans(data: Record<string, unknown>, settings: Record<string, unknown> = {}): ExperimentPlan[] {
  const parent = new RandomStream('experiment-plan');
  const complete = [DesignEnvSettings.parse({ budget: 6, ...settings }), PosteriorDataConfig.parse(data)] as const;
  return Array.from({ length: COUNT }, (_, k) =>
    drawExperimentPlan(...complete, { size: SIZE, stream: parent.child(k) }),
  );
}

/** Targets of every experiment of a plan, as lists of variables. */
function targetsOf({ interventions }: ExperimentPlan): number[][] {
  return interventions.map(({ targets }) => [...targets.keys()].filter((variable) => targets[variable] === 1));
}

function only(kind: string): Record<string, unknown> {
  const none = { multiTarget: 0, singleTarget: 0, inTurn: 0, repeatedTarget: 0 };
  return { observationalFraction: 0, collections: { ...none, [kind]: 1 } };
}

function share(flags: readonly boolean[]): number {
  return flags.filter(Boolean).length / flags.length;
}

describe('how many experiments', () => {
  test('the configured share has none, the rest 1 to T equally often', () => {
    const counts = plans({ observationalFraction: 0.4 }).map(({ interventions }) => interventions.length);
    const expected = [0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1];
    expected.forEach((probability, experiments) => {
      const error = 4.5 * Math.sqrt((probability * (1 - probability)) / COUNT);
      expect(Math.abs(share(counts.map((count) => count === experiments)) - probability)).toBeLessThan(error);
    });
  });

  test('T = 0 gives none', () => {
    expect(plans({ observationalFraction: 0 }, { budget: 0 }).every((plan) => plan.interventions.length === 0)).toBe(
      true,
    );
  });

  test('initial rows are as configured, or anything from the minimum up', () => {
    expect(new Set(plans({}).map(({ initialRows }) => initialRows))).toEqual(new Set([50]));
    const varied = new Set(plans({ minimumInitialRows: 0 }, { initialRows: 3 }).map(({ initialRows }) => initialRows));
    expect([...varied].sort()).toEqual([0, 1, 2, 3]);
  });
});

describe('which targets', () => {
  test('single: one target, changing', () => {
    const drawn = plans(only('singleTarget')).map(targetsOf);
    expect(drawn.flat().every((targets) => targets.length === 1)).toBe(true);
    expect(drawn.some((targets) => new Set(targets.flat()).size > 2)).toBe(true);
  });

  test.each([1, 2, 3, 7])('in turn, %i at a time: nobody twice before all were targets, in orders that differ', (k) => {
    const drawn = plans({ ...only('inTurn'), turnSizes: [k] }).map(targetsOf);
    const perRound = Math.min(k, SIZE);
    for (const rounds of drawn)
      rounds.forEach((targets, round) => {
        expect(targets).toHaveLength(perRound);
        const times = Array.from(
          { length: SIZE },
          (_, variable) => rounds.slice(0, round + 1).filter((chosen) => chosen.includes(variable)).length,
        );
        expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1);
      });
    if (perRound < SIZE) expect(new Set(drawn.map(([first]) => `${first}`)).size).toBeGreaterThanOrEqual(SIZE);
  });

  test('in turn: every configured number of targets equally often', () => {
    const drawn = plans({ ...only('inTurn'), turnSizes: [1, 2, 4] }).map((plan) => targetsOf(plan)[0]!.length);
    for (const size of [1, 2, 4]) expect(share(drawn.map((length) => length === size))).toBeCloseTo(1 / 3, 1);
  });

  test('repeated: the same single target throughout', () => {
    const drawn = plans(only('repeatedTarget')).map((plan) => targetsOf(plan).flat());
    expect(drawn.every((targets) => new Set(targets).size === 1)).toBe(true);
  });

  test('multi: all sizes, with a rate that varies between datasets', () => {
    const drawn = plans(only('multiTarget'));
    const sizes = drawn.flatMap((plan) => targetsOf(plan).map((targets) => targets.length));
    // A uniform target probability makes every set size equally likely.
    for (let size = 0; size <= SIZE; size++)
      expect(share(sizes.map((value) => value === size))).toBeCloseTo(1 / (SIZE + 1), 1);
    const long = drawn.filter(({ interventions }) => interventions.length === 6);
    const rates = long.map((plan) => targetsOf(plan).flat().length / (6 * SIZE));
    expect(share(rates.map((rate) => rate < 0.2 || rate > 0.8))).toBeGreaterThan(0.3);
  });

  test('weights decide how often', () => {
    const collections = { multiTarget: 0, singleTarget: 0, inTurn: 3, repeatedTarget: 1 };
    const drawn = plans({ observationalFraction: 0, collections, turnSizes: [1] }).filter(
      (plan) => plan.interventions.length > 1,
    );
    const repeated = share(drawn.map((plan) => new Set(targetsOf(plan).flat()).size === 1));
    expect(Math.abs(repeated - 0.25)).toBeLessThan(4.5 * Math.sqrt(0.1875 / drawn.length));
  });
});

describe('which values', () => {
  const valuesOf = (strength: string, settings = {}) =>
    plans({ strengths: { uniform: 0, full: 0, zero: 0, [strength]: 1 } }, { valueRange: 2, ...settings }).flatMap(
      ({ interventions }) => interventions.flatMap(({ values }) => [...(values ?? [])]),
    );

  test('uniform over the range, at full strength, or zero', () => {
    expect(new Set(valuesOf('full'))).toEqual(new Set([-2, 2]));
    expect(new Set(valuesOf('zero'))).toEqual(new Set([0]));
    const uniform = valuesOf('uniform');
    expect(uniform.every((value) => Math.abs(value) <= 2)).toBe(true);
    expect(share(uniform.map((value) => value < -1))).toBeCloseTo(0.25, 1);
  });

  test('none for kinds without values', () => {
    const drawn = plans({}, { interventionKind: 'knockout' }).flatMap(({ interventions }) => interventions);
    expect(drawn.every(({ kind, values }) => kind === 'knockout' && values === undefined)).toBe(true);
  });
});
