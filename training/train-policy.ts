import type { GraphPosterior } from '../core/causal/graph-posterior.js';
import { CausalPilotError } from '../core/errors.js';
import type { RunInputs } from '../core/run/run-inputs.js';
import { priorModuleInputs } from '../envs/design/module-prior.js';
import { checkpointOf } from '../models/checkpoints.js';
import { ExactGraphPosterior } from '../models/posterior/exact/exact-graph-posterior.js';
import { trainPolicyByActionValues } from './action-values/train.js';
import { trainPolicyByBranchedGradient } from './branched-gradient/train.js';
import type { ExperimentConfig } from './config/experiment-config.js';
import type { TrainingIo, TrainingResult } from './loop/learner.js';
import { checkLearningStarts } from './redq/learning-start.js';
import { trainPolicyWithRedq } from './redq/train.js';

/** Trains the design policy of an experiment with the learner that its configuration names. */
export function trainPolicy(
  config: ExperimentConfig,
  posterior: GraphPosterior,
  io: TrainingIo,
): Promise<TrainingResult> {
  const { learner, environment } = config;
  checkHead(config);
  const inputs = {
    ...priorModuleInputs(environment.prior),
    ...posteriorInputs(posterior),
    ...startInputs(io),
    ...io.inputs,
  };
  const bound = { ...io, inputs };
  switch (learner.kind) {
    case 'redq':
      refuseStart(io);
      return trainPolicyWithRedq({ ...config, learner }, posterior, bound);
    case 'branched-gradient':
      return trainPolicyByBranchedGradient({ ...config, learner }, posterior, bound);
    case 'action-values':
      return trainPolicyByActionValues({ ...config, learner }, posterior, bound);
  }
}

/** The posterior as what a run is bound to; nothing is known of one of the user's own, who may name it in `inputs`. */
function posteriorInputs(posterior: GraphPosterior): RunInputs {
  if (posterior instanceof ExactGraphPosterior)
    return { posterior: { source: posterior.name, identity: posterior.name } };
  const checkpoint = checkpointOf(posterior);
  return checkpoint === undefined ? {} : { posterior: checkpoint };
}

/** The policy whose weights are the first ones; nothing is known of one that was not loaded. */
function startInputs({ start }: TrainingIo): RunInputs {
  const checkpoint = start && checkpointOf(start);
  return checkpoint === undefined ? {} : { start: checkpoint };
}

function refuseStart({ start }: TrainingIo): void {
  if (start === undefined) return;
  throw new CausalPilotError(
    'E_CONFIG',
    "learner.kind: 'redq' learns critics with the policy and cannot start from a policy alone; use action-values or branched-gradient, or leave --policy out",
  );
}

/** Checks, before anything is made or computed, that the learner of an experiment comes to learn. @throws CausalPilotError E_CONFIG. */
export function checkLearner(config: ExperimentConfig): void {
  const { learner, environment } = config;
  checkHead(config);
  if (learner.kind === 'redq') checkLearningStarts(learner, environment.budget);
}

/** Action values are learned for the head that has them, from experiments, and nothing else is. */
function checkHead({ learner, policy: { head }, environment }: ExperimentConfig): void {
  const valuesSets = learner.kind === 'action-values';
  if (valuesSets && environment.budget === 0)
    throw new CausalPilotError(
      'E_CONFIG',
      "environment.budget: 'action-values' learns from experiments, and there are none in an episode; allow at least 1",
    );
  if (valuesSets === (head.kind === 'scored')) return;
  throw new CausalPilotError(
    'E_CONFIG',
    valuesSets
      ? `learner.kind: 'action-values' learns what sets of targets are worth, and a policy with the '${head.kind}' head gives them no values; set policy.head.kind=scored`
      : `policy.head.kind: the 'scored' head learns by action values, not by '${learner.kind}'; set learner.kind=action-values, or choose another head`,
  );
}
