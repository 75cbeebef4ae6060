import type { GraphPosterior } from '../core/causal/graph-posterior.js';
import { trainPolicyByBranchedGradient } from './branched-gradient/train.js';
import type { ExperimentConfig } from './config/experiment-config.js';
import type { TrainingIo, TrainingResult } from './loop/learning-loop.js';
import { checkLearningStarts } from './redq/learning-start.js';
import { trainPolicyWithRedq } from './redq/train.js';

/** Trains the design policy of an experiment with the learner that its configuration names. */
export function trainPolicy(
  config: ExperimentConfig,
  posterior: GraphPosterior,
  io: TrainingIo,
): Promise<TrainingResult> {
  const { learner } = config;
  switch (learner.kind) {
    case 'redq':
      return trainPolicyWithRedq({ ...config, learner }, posterior, io);
    case 'branched-gradient':
      return trainPolicyByBranchedGradient({ ...config, learner }, posterior, io);
  }
}

/** Checks, before anything is made or computed, that the learner of an experiment comes to learn. @throws CausalPilotError E_CONFIG. */
export function checkLearner({ learner, environment }: ExperimentConfig): void {
  if (learner.kind === 'redq') checkLearningStarts(learner, environment.budget);
}
