import { describe, expect, test } from 'vitest';
import { checkDatasetSpec, DatasetSpec, PosteriorDataConfig } from '../../../envs/simulation/config.js';

describe('PosteriorDataConfig', () => {
  test('alone it is the mixture of experiments in one environment', () => {
    expect(PosteriorDataConfig.parse({})).toEqual({
      variations: [],
      observationalFraction: 0.15,
      collections: { multiTarget: 2, inTurn: 3, singleTarget: 0.5, repeatedTarget: 0.25 },
      turnSizes: [1, 2, 3, 5],
      strengths: { uniform: 1, full: 2, zero: 0.1 },
    });
  });

  test.each([
    [{ sizes: [] }, ['sizes']],
    [{ sizes: [0] }, ['sizes', 0]],
    [{ variations: [[]] }, ['variations', 0]],
    [{ variations: [['shift']] }, ['variations', 0, 0]],
    [{ collections: { inTurn: -1 } }, ['collections', 'inTurn']],
    [{ observationalFraction: 1.5 }, ['observationalFraction']],
  ])('refuses %j where it stands', (config, path) => {
    expect(PosteriorDataConfig.safeParse(config).error?.issues.map((issue) => issue.path)).toEqual([path]);
  });
});

describe('checkDatasetSpec', () => {
  const check = (data: object) => () => checkDatasetSpec(DatasetSpec.parse({ environment: { initialRows: 10 }, data }));

  test('accepts what can be drawn', () => {
    expect(check({ minimumInitialRows: 10 })).not.toThrow();
    expect(check({ collections: { multiTarget: 0, inTurn: 1, singleTarget: 0, repeatedTarget: 0 } })).not.toThrow();
  });

  test('names what contradicts itself', () => {
    expect(check({ minimumInitialRows: 11 })).toThrow(/minimumInitialRows is 11, more than environment.initialRows 10/);
    const none = { uniform: 0, full: 0, zero: 0 };
    expect(check({ strengths: none })).toThrow(/data.strengths: all weights are 0/);
  });
});
