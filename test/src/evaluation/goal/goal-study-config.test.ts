import { describe, expect, test } from 'vitest';
import { goalPresets, loadGoalStudy } from '../../../../src/evaluation/goal/goal-study-config.js';
import { GoalTask } from '../../../../src/evaluation/goal/goal-task.js';

describe('presets', () => {
  test.each(goalPresets.names())('%s loads', (preset) => {
    const study = loadGoalStudy({ preset, overrides: preset === 'civ-screen' ? ['file=cells.csv'] : [] });
    if (study.study === 'screen') return;
    for (const setting of study.settings) new GoalTask({ study, setting }).prepare(0, 1);
  });

  test('options of presets can be overridden; unknown ones are refused', () => {
    expect(loadGoalStudy({ preset: 'civ-figure5', overrides: ['runs=3', 'search=thorough'] })).toMatchObject({
      runs: 3,
      search: 'thorough',
      budget: 50,
    });
    expect(() => loadGoalStudy({ preset: 'civ-figure5', overrides: ['run=3'] })).toThrow('runs');
    expect(() => loadGoalStudy({ preset: 'civ-figure6' })).toThrow("there is no preset 'civ-figure6'");
  });
});
