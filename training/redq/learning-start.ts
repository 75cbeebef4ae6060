import { CausalPilotError } from '../../core/errors.js';
import type { RedqConfig } from '../config/redq-config.js';

/** Episodes that the replay holds. */
export function replayEpisodes({ replayTransitions }: Pick<RedqConfig, 'replayTransitions'>, budget: number): number {
  return Math.max(1, Math.floor(replayTransitions / Math.max(1, budget)));
}

/**
 * Checks that the settings lead to a gradient step at all; a run that only collected data would end like one that learned.
 *
 * @param budget - experiments of an episode
 * @throws CausalPilotError E_CONFIG with both figures and what to change.
 */
export function checkLearningStarts(training: RedqConfig, budget: number): void {
  const { iterations, episodesPerIteration, learningStarts, replayTransitions, updatesPerIteration } = training;
  if (updatesPerIteration === 0)
    throw new CausalPilotError(
      'E_CONFIG',
      'learner.updatesPerIteration: with 0 updates nothing is learned; set it to 1 or more',
    );
  const held = replayEpisodes(training, budget) * budget;
  if (budget > 0 && held < learningStarts)
    throw new CausalPilotError(
      'E_CONFIG',
      `learner.learningStarts: learning starts with ${learningStarts} transitions, but the replay holds ${held} (whole episodes of ${budget} within learner.replayTransitions = ${replayTransitions}); raise replayTransitions or lower learningStarts`,
    );
  const collected = iterations * episodesPerIteration * budget;
  if (budget > 0 && collected < learningStarts)
    throw new CausalPilotError(
      'E_CONFIG',
      `learner.learningStarts: learning starts with ${learningStarts} transitions, but the run collects ${collected} (learner.iterations ${iterations} x episodesPerIteration ${episodesPerIteration} x budget ${budget}); raise iterations or lower learningStarts`,
    );
}
