import { describe, expect, test } from 'vitest';
import type { GraphPosterior } from '../../../../core/causal/graph-posterior.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { sampleGoalInstance } from '../../../../envs/goal/goal-instance.js';
import { loadGoalStudy, SyntheticStudyConfig } from '../../../../src/evaluation/goal/goal-study-config.js';
import { GOAL_METRICS, GoalTask } from '../../../../src/evaluation/goal/goal-task.js';
import { createGoalStrategies, strategyNames } from '../../../../src/evaluation/strategies/registry.js';
import { SMALL_STUDY } from './small-study.js';

const SETTING = SMALL_STUDY.settings[0]!;

/** Figures [rounds + 1, metrics] of one strategy on system 0. */
function play(study: SyntheticStudyConfig, strategy: string, graphPosterior?: GraphPosterior): Float64Array {
  const options = { study, setting: study.settings[0]!, ...(graphPosterior === undefined ? {} : { graphPosterior }) };
  return new GoalTask(options).prepare(0, 1).run(goalStrategy(strategy));
}

/** A strategy by its name. */
const goalStrategy = (name: string) => createGoalStrategies([name])[0]!;

const SHIFT_STRATEGIES = strategyNames('goal').filter((name) => !strategyNames('structure').includes(name));

describe('GoalTask', () => {
  test.each(SHIFT_STRATEGIES)('%s: finite figures, deterministic, the same before the first experiment', (name) => {
    const figures = play(SMALL_STUDY, name);
    expect(figures).toHaveLength(7 * GOAL_METRICS.length);
    figures.forEach((figure, index) => {
      if (index === 2) expect(figure).toBeNaN();
      else expect(figure).toBeGreaterThanOrEqual(0);
    });
    expect(play(SMALL_STUDY, name)).toEqual(figures);
    expect(figures[0]).toBe(play(SMALL_STUDY, 'random-shift')[0]);
  });

  test('without data the estimate is the goal mean itself', () => {
    const { optimalShift, goalMean } = sampleGoalInstance(SETTING.instance, new RandomStream('target/1/system/0'));
    const squared = optimalShift.reduce((sum, entry, i) => sum + (entry - goalMean[i]!) ** 2, 0);
    expect(play(SMALL_STUDY, 'random-shift')[1]).toBeCloseTo(squared, 10);
  });

  test('systems do not depend on which ones are prepared together', () => {
    const task = new GoalTask({ study: SMALL_STUDY, setting: SETTING });
    const together = task.prepare(0, 3).run(goalStrategy('civ'));
    const alone = task.prepare(2, 1).run(goalStrategy('civ'));
    expect(together.subarray(2 * alone.length)).toEqual(alone);
  });

  test('a shared instance repeats the problem, not the noise', () => {
    const study = { ...SMALL_STUDY, sharedInstance: true };
    const figures = new GoalTask({ study, setting: SETTING }).prepare(0, 2).run(goalStrategy('greedy'));
    const perSystem = figures.length / 2;
    expect(figures[perSystem]).toBe(figures[0]);
    expect(figures.at(-1)).not.toBe(figures[perSystem - 1]);
  });

  test('a graph posterior that is sure of the truth changes nothing', () => {
    const study = { ...SMALL_STUDY, initialRows: 2 };
    const { model } = sampleGoalInstance(SETTING.instance, new RandomStream('target/1/system/0'));
    const truth = Float32Array.from(model.graph.adjacency);
    const sure: GraphPosterior = {
      edgeProbabilities: (histories) => Float32Array.from(histories.flatMap(() => [...truth])),
    };
    expect(play(study, 'civ', sure)).toEqual(play(study, 'civ'));
    const blind: GraphPosterior = { edgeProbabilities: (histories) => new Float32Array(25 * histories.length) };
    const figures = play(study, 'greedy', blind);
    expect(figures[0]).toBeCloseTo(figures.at(-3)!, 12);
    expect(() => play(SMALL_STUDY, 'civ', sure)).toThrow('initialRows: a graph posterior needs observations');
  });

  test('a wrong graph hurts', () => {
    const wrong = SyntheticStudyConfig.parse({
      ...SMALL_STUDY,
      budget: 200,
      settings: [{ ...SETTING, misspecification: { kind: 'removed', edges: 6 } }],
    });
    const last = (study: SyntheticStudyConfig) => play(study, 'greedy').at(-3)!;
    expect(last(wrong)).toBeGreaterThan(2 * last({ ...SMALL_STUDY, budget: 200 }));
  });

  test('long shifts are shortened to the ball and other interventions refused', () => {
    const task = new GoalTask({ study: { ...SMALL_STUDY, runs: 1 }, setting: SETTING });
    const strategy = (kind: 'shift' | 'do') => ({
      name: 'fixed',
      tasks: ['goal'] as const,
      knowledge: [],
      propose: () => [{ kind, targets: new Uint8Array(5).fill(1), values: new Float32Array(5).fill(1) }],
    });
    const { optimalShift } = sampleGoalInstance(SETTING.instance, new RandomStream('target/1/system/0'));
    const expected = optimalShift.reduce((sum, entry) => sum + (entry - Math.sqrt(0.2)) ** 2, 0);
    expect(task.prepare(0, 1).run(strategy('shift')).at(-1)).toBeCloseTo(expected, 5);
    expect(() => task.prepare(0, 1).run(strategy('do'))).toThrow("takes shifts, got an intervention 'do'");
    const withoutValues = {
      ...strategy('shift'),
      propose: () => [{ kind: 'shift' as const, targets: new Uint8Array(5) }],
    };
    expect(() => task.prepare(0, 1).run(withoutValues)).toThrow("kind 'shift' needs 'values' with 5 entries");
  });
});

test('figure 4: the shifts that CIV chooses converge to the optimal one', () => {
  const study = SyntheticStudyConfig.parse({
    ...loadGoalStudy({ preset: 'civ-figure4' }),
    workers: 0,
  });
  const task = new GoalTask({ study, setting: study.settings[0]! });
  const figures = task.prepare(0, 4).run(goalStrategy('civ'));
  const mean = (round: number) =>
    [0, 1, 2, 3].reduce((sum, system) => sum + figures[(system * 51 + round) * 3 + 2]! / 4, 0);
  expect(mean(50)).toBeLessThan(0.2);
  expect(mean(50)).toBeLessThan(0.6 * mean(10));
  expect(mean(10)).toBeLessThan(0.6 * mean(1));
});
