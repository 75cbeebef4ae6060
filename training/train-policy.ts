import type { GraphPosterior } from '../core/causal/graph-posterior.js';
import type { RunInputs } from '../core/run/run-inputs.js';
import { originOf } from '../models/checkpoints.js';
import { ExactGraphPosterior } from '../models/posterior/exact/exact-graph-posterior.js';
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
  const bound = { ...io, inputs: { ...posteriorInput(posterior), ...io.inputs } };
  switch (learner.kind) {
    case 'redq':
      return trainPolicyWithRedq({ ...config, learner }, posterior, bound);
    case 'branched-gradient':
      return trainPolicyByBranchedGradient({ ...config, learner }, posterior, bound);
  }
}

/** The posterior as what a run is bound to; nothing is known of one of the user's own, who may name it in `inputs`. */
function posteriorInput(posterior: GraphPosterior): RunInputs {
  if (posterior instanceof ExactGraphPosterior)
    return { posterior: { source: posterior.name, identity: posterior.name } };
  const origin = originOf(posterior);
  return origin === undefined ? {} : { posterior: origin };
}

/** Checks, before anything is made or computed, that the learner of an experiment comes to learn. @throws CausalPilotError E_CONFIG. */
export function checkLearner({ learner, environment }: ExperimentConfig): void {
  if (learner.kind === 'redq') checkLearningStarts(learner, environment.budget);
}
