import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import {
  actionChannels,
  interventionsFromActions,
  interventionsFromFlags,
  uniformActions,
} from '../../../models/policy/action-numbers.js';

describe('interventionsFromActions', () => {
  test('number 0 above 0 makes a target, number 1 times the range is its value', () => {
    const actions = Float32Array.of(0.5, -0.25, -0.1, 0.75, 0, 1);
    const [intervention] = interventionsFromActions(actions, 3, { interventionKind: 'do', valueRange: 2 });
    expect([...intervention!.targets]).toEqual([1, 0, 0]);
    expect([...intervention!.values!]).toEqual([-0.5, 1.5, 2]);
  });

  test('kinds without values take one number per variable', () => {
    const interventions = interventionsFromActions(Float32Array.of(1, -1, -1, 1), 2, {
      interventionKind: 'knockout',
      valueRange: 1,
    });
    expect(interventions.map(({ targets }) => [...targets])).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(interventions.every(({ values }) => values === undefined)).toBe(true);
  });
});

test('flags and values in units of the range say the same as switches and value numbers', () => {
  const units = { interventionKind: 'shift', valueRange: 3 } as const;
  const fromActions = interventionsFromActions(Float32Array.of(1, 0.5, -1, 0.25, 1, -1, 1, 0), 2, units);
  const values = Float32Array.of(0.5, 0.25, -1, 0);
  expect(interventionsFromFlags(Uint8Array.of(1, 0, 1, 1), values, { size: 2, ...units })).toEqual(fromActions);
});

test('an intervention owns its arrays', () => {
  const flags = Uint8Array.of(1, 0);
  const [intervention] = interventionsFromFlags(flags, undefined, {
    size: 2,
    interventionKind: 'knockout',
    valueRange: 1,
  });
  flags.fill(0);
  expect([...intervention!.targets]).toEqual([1, 0]);
});

test('uniform actions: as many numbers as the kind takes, of each stream its own', () => {
  expect([actionChannels('do'), actionChannels('shift'), actionChannels('knockdown')]).toEqual([2, 2, 1]);
  const streams = [new RandomStream('a'), new RandomStream('b')];
  const actions = uniformActions(streams, 500, 'do');
  expect(actions).toHaveLength(2000);
  expect([...actions.subarray(1000)]).toEqual([...uniformActions([new RandomStream('b')], 500, 'do')]);
  const mean = actions.reduce((sum, number) => sum + number, 0) / actions.length;
  // Standard error of the mean of 2,000 uniform numbers: 0.013.
  expect(Math.abs(mean)).toBeLessThan(0.06);
  expect(Math.max(...actions)).toBeLessThan(1);
  expect(Math.min(...actions)).toBeGreaterThanOrEqual(-1);
});
