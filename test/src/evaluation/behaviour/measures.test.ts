import { describe, expect, test } from 'vitest';
import { knockout, observe } from '../../../../core/causal/intervention.js';
import {
  BEHAVIOUR_MEASURES,
  describeMeasure,
  measureRound,
  rankMeasure,
  rankShares,
} from '../../../../src/evaluation/behaviour/measures.js';
import { play } from './plays.js';

const of = (round: number, change = {}, valueRange = 2) =>
  Object.fromEntries(measureRound(play(change), round, valueRange));

describe('measureRound', () => {
  test('one strong target that is the most uncertain variable', () => {
    expect(of(1)).toEqual({
      targets: 1,
      valueStrength: 1,
      positiveValues: 1,
      repeats: 0,
      variablesTried: 1,
      // Variable 0 has two children and no parents, the average variable one of each.
      childrenOverAverage: 1,
      parentsOverAverage: -1,
      gain: 1,
      targetRank1: 1,
      targetRank2: 0,
      targetRank3: 0,
    });
  });

  test('two targets are averaged', () => {
    expect(of(2)).toEqual({
      targets: 2,
      valueStrength: (0.5 + 0.25) / 2,
      positiveValues: 0.5,
      repeats: 0,
      variablesTried: 3,
      // Variables 1 and 2: one and no child, one and two parents.
      childrenOverAverage: -0.5,
      parentsOverAverage: 0.5,
      gain: 0.5,
      // Variable 1 is first; variable 2 shares the second and third place with variable 0.
      targetRank1: 0.5,
      targetRank2: 0.25,
      targetRank3: 0.25,
    });
  });

  test('a target that was one before is a repetition and no new variable', () => {
    expect(of(3)).toMatchObject({ repeats: 1, variablesTried: 3, positiveValues: 0 });
  });

  test('knockouts have no values', () => {
    const own = of(1, { interventions: [knockout(3, [1])] });
    expect(own).toMatchObject({ targets: 1, childrenOverAverage: 0, targetRank2: 1 });
    expect([own.valueStrength, own.positiveValues]).toEqual([Number.NaN, Number.NaN]);
  });

  test('an observation has no targets to describe, and still gains', () => {
    const own = of(1, { interventions: [observe(3)] });
    expect(own).toMatchObject({ targets: 0, repeats: 0, variablesTried: 0, gain: 1 });
    for (const name of ['valueStrength', 'childrenOverAverage', 'parentsOverAverage', 'targetRank1'])
      expect(own[name]).toBeNaN();
  });

  test('every measure has its label', () => {
    const names = Object.keys(of(1));
    expect(names.filter((name) => !name.startsWith('targetRank'))).toEqual(
      BEHAVIOUR_MEASURES.filter((name) => name !== rankMeasure(1)),
    );
    expect(describeMeasure('targets').label).toBe('Number of targets');
    expect(describeMeasure(rankMeasure(4)).label).toBe('Probability that a target is number 4 by uncertainty');
  });
});

describe('rankShares', () => {
  test('without targets no rank has a share', () => {
    expect(rankShares([1, 2], [])).toEqual([Number.NaN, Number.NaN]);
  });

  test('variables of equal uncertainty share their ranks, and shares add up to 1', () => {
    expect(rankShares([3, 3, 3, 1], [0])).toEqual([1 / 3, 1 / 3, 1 / 3, 0]);
    expect(rankShares([3, 3, 3, 1], [3, 0])).toEqual([1 / 6, 1 / 6, 1 / 6, 1 / 2]);
  });
});
