import { describe, expect, test } from 'vitest';
import { loadExperimentConfig } from '../../../training/config/experiment-config.js';
import { replayEpisodes } from '../../../training/redq/learning-start.js';
import { checkLearner } from '../../../training/train-policy.js';

const check = (preset: string, ...overrides: string[]) => checkLearner(loadExperimentConfig({ preset, overrides }));

describe('a REDQ learner that cannot start is refused with both figures', () => {
  test.each([
    // 15 iterations of 64 episodes of 5 experiments.
    [['learner.iterations=15'], /starts with 5000 transitions, but the run collects 4800 .*raise iterations or lower/],
    [
      ['learner.learningStarts=1000', 'learner.replayTransitions=200'],
      /starts with 1000 transitions, but the replay holds 200 .*raise replayTransitions/,
    ],
    // The replay holds whole episodes: 199 of 203 transitions would do, but 40 episodes of 5 are 200.
    [['learner.learningStarts=202', 'learner.replayTransitions=203'], /replay holds 200 \(whole episodes of 5/],
    [['learner.updatesPerIteration=0'], /with 0 updates nothing is learned; set it to 1 or more/],
  ])('%j', (overrides, message) => {
    expect(() => check('quickstart-redq', ...overrides)).toThrow(message);
  });

  test('one that starts in its last iteration is not', () => {
    expect(() => check('quickstart-redq', 'learner.iterations=16')).not.toThrow();
    expect(() => check('quickstart-redq', 'learner.learningStarts=200', 'learner.replayTransitions=203')).not.toThrow();
    expect(() => check('quickstart-redq', 'learner.learningStarts=0', 'learner.iterations=1')).not.toThrow();
  });

  test.each(['quickstart', 'quickstart-redq', 'linear-d10', 'sergio-quick-redq', 'sergio-d10', 'smoke'])(
    'the preset %s learns',
    (preset) => expect(() => check(preset)).not.toThrow(),
  );
});

test('the replay holds whole episodes, at least one', () => {
  expect(replayEpisodes({ replayTransitions: 203 }, 5)).toBe(40);
  expect(replayEpisodes({ replayTransitions: 2 }, 5)).toBe(1);
});
