import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import { RandomStream } from '../../core/random/stream.js';
import { defineMetrics } from '../../core/run/metrics.js';
import { createCausalModelPrior } from '../../envs/design/prior-registry.js';
import type { ActionValueConfig } from '../config/action-value-config.js';
import type { ExperimentWith } from '../config/experiment-config.js';
import { dependenceOnEnd } from '../config/schedules.js';
import type { Learner, TrainingIo, TrainingResult } from '../loop/learner.js';
import { runLearner } from '../loop/learning-loop.js';
import { meanOf } from '../loop/mean.js';
import { firstPolicy, policyParts } from '../loop/policy-learner.js';
import { HELD_OUT_METRICS, PolicyValidation } from '../loop/policy-validation.js';
import { collectTriedStates } from './collect.js';
import { learnFrom } from './learn-from.js';
import { ActionValueLearner, scoredHead } from './learner.js';

export const ACTION_VALUE_METRICS = defineMetrics({
  'rollout/return': 'mean potential after the last experiment of the episodes, random experiments included',
  'values/spread': 'standard deviation of the worth of experiments within a state, noise included',
  'values/explained':
    'share of the variance within a state that the values explain, far below 0 before they have learned their scale; noise bounds it at about .1',
  'policy/gradientNorm': 'gradient norm before clipping, mean over the iteration',
  'policy/learningRate': 'learning rate of the last gradient step',
  ...HELD_OUT_METRICS,
});

/**
 * Trains the design policy of an experiment by regressing what every set of targets is worth in the states that the policy
 * itself reaches (DAgger; Ross, Gordon and Bagnell, AISTATS 2011). The best checkpoint has the highest return on held-out
 * systems.
 */
export async function trainPolicyByActionValues(
  config: ExperimentWith<ActionValueConfig>,
  posterior: GraphPosterior,
  io: TrainingIo,
): Promise<TrainingResult> {
  const { learner: options, environment, seed } = config;
  const { prior: priorConfig, ...settings } = environment;
  const stream = new RandomStream(`policy/${seed}`);
  const { warmStart } = options;
  const weights = stream.child('weights', 'policy');
  const learner = new ActionValueLearner(
    () => firstPolicy(config, { warmStart, posterior, start: io.start, stream: weights }),
    options,
  );
  const prior = createCausalModelPrior(priorConfig);
  const sets = scoredHead(learner.policy).sets(prior.size);
  const { candidates, contenders, exploration, episodes } = options;
  const collection = { prior, settings, posterior, sets, candidates, contenders, exploration };
  const { every, ...heldOut } = options.validation;
  const validation = new PolicyValidation(environment, posterior, { ...heldOut, stream: stream.child('validation') });
  const trainer: Learner<typeof ACTION_VALUE_METRICS> = {
    kind: 'action-value-training',
    label: 'design policy',
    metrics: ACTION_VALUE_METRICS,
    shown: ['rollout/return', 'values/spread', 'values/explained'],
    steps: options.iterations,
    length: {
      option: 'learner.iterations',
      fixedBy: dependenceOnEnd('learner.learningRate', options.learningRate),
    },
    schedule: { logEvery: 1, validateEvery: every, saveEvery: options.saveEvery },
    step: async (index) => {
      const own = stream.child('iteration', index);
      const collected = collectTriedStates(
        { ...collection, valuation: (histories, tried) => learner.valueOf(histories, tried) },
        Array.from({ length: episodes }, (_, k) => own.child('episode', k)),
      );
      const { loss, gradientSteps, ...learned } = learnFrom(collected.states, { learner, options, index, stream: own });
      return {
        gradientSteps,
        metrics: {
          'rollout/return': meanOf(collected.finalPotentials),
          'values/spread': collected.spread,
          'values/explained': collected.spread > 0 ? 1 - loss / collected.spread ** 2 : 0,
          'policy/gradientNorm': learned.gradientNorm,
          'policy/learningRate': learned.learningRate,
        },
      };
    },
    ...policyParts(config, { policy: learner.average, validation, learner }),
  };
  try {
    return await runLearner({ learner: trainer, config, io });
  } finally {
    learner.dispose();
  }
}
