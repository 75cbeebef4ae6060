import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import { RandomStream } from '../../core/random/stream.js';
import { defineMetrics } from '../../core/run/metrics.js';
import { createCausalModelPrior } from '../../envs/design/prior-registry.js';
import type { BranchedGradientConfig } from '../config/branched-gradient-config.js';
import type { ExperimentWith } from '../config/experiment-config.js';
import { dependenceOnEnd } from '../config/schedules.js';
import type { Learner, TrainingIo, TrainingResult } from '../loop/learner.js';
import { runLearner } from '../loop/learning-loop.js';
import { firstPolicy, policyParts } from '../loop/policy-learner.js';
import { HELD_OUT_METRICS, PolicyValidation } from '../loop/policy-validation.js';
import { BranchedGradientLearner } from './learner.js';

export const BRANCHED_GRADIENT_METRICS = defineMetrics({
  'rollout/return': 'mean potential after the last experiment of the rollouts',
  'rollout/branchSpread':
    'standard deviation of that potential between branches of a group, root mean square over groups',
  'policy/targetEntropy': 'entropy of one choice of targets, nats',
  'policy/targets': 'mean number of targets of an experiment',
  'policy/valueStrength': 'mean absolute value of a target, in units of the value range',
  'policy/gradientNorm': 'gradient norm before clipping',
  'policy/learningRate': 'learning rate of the update',
  ...HELD_OUT_METRICS,
});

/**
 * Trains the design policy of an experiment by branched gradients against a graph posterior. The best checkpoint has the
 * highest return on held-out systems.
 */
export async function trainPolicyByBranchedGradient(
  config: ExperimentWith<BranchedGradientConfig>,
  posterior: GraphPosterior,
  io: TrainingIo,
): Promise<TrainingResult> {
  const { learner: options, environment, seed } = config;
  const { prior, ...settings } = environment;
  const stream = new RandomStream(`policy/${seed}`);
  const weights = stream.child('weights', 'policy');
  const { warmStart } = options;
  const policy = firstPolicy(config, { warmStart, posterior, start: io.start, stream: weights });
  const learner = new BranchedGradientLearner({
    config: options,
    policy,
    posterior,
    prior: createCausalModelPrior(prior),
    settings,
  });
  const { every, ...heldOut } = options.validation;
  const validation = new PolicyValidation(environment, posterior, { ...heldOut, stream: stream.child('validation') });
  const trainer: Learner<typeof BRANCHED_GRADIENT_METRICS> = {
    kind: 'branched-gradient-training',
    label: 'design policy',
    metrics: BRANCHED_GRADIENT_METRICS,
    shown: ['rollout/return', 'policy/targetEntropy', 'policy/valueStrength'],
    steps: options.updates,
    length: {
      option: 'learner.updates',
      fixedBy: dependenceOnEnd('learner.learningRate', options.learningRate),
    },
    schedule: {
      logEvery: options.logEvery,
      validateEvery: every,
      saveEvery: options.saveEvery,
    },
    step: async (index) => {
      const update = learner.update(index, stream.child('update', index));
      return {
        gradientSteps: 1,
        metrics: {
          'rollout/return': update.finalPotential,
          'rollout/branchSpread': update.branchSpread,
          'policy/targetEntropy': update.targetEntropy,
          'policy/targets': update.targets,
          'policy/valueStrength': update.valueStrength,
          'policy/gradientNorm': update.gradientNorm,
          'policy/learningRate': update.learningRate,
        },
      };
    },
    ...policyParts(config, { policy: learner.policy, validation, learner }),
  };
  try {
    return await runLearner({ learner: trainer, config, io });
  } finally {
    learner.dispose();
  }
}
