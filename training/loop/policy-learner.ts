import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import type { TensorMap } from '../../core/checkpoint/safetensors.js';
import type { RandomStream } from '../../core/random/stream.js';
import { savePolicy } from '../../models/checkpoints.js';
import { actionChannels } from '../../models/policy/action-numbers.js';
import { DesignPolicy } from '../../models/policy/design-policy.js';
import type { ExperimentConfig } from '../config/experiment-config.js';
import type { Learner, TrainingIo } from './learner.js';
import type { HELD_OUT_METRICS, PolicyValidation } from './policy-validation.js';
import { startFromPolicy, startFromPosterior } from './warm-start.js';

export interface FirstPolicyOptions {
  readonly warmStart: 'none' | 'posterior-encoder';
  readonly posterior: GraphPosterior;
  /** The trained policy that it starts from, if any. */
  readonly start: TrainingIo['start'];
  readonly stream: RandomStream;
}

/** The policy that a training begins with. */
export function firstPolicy(
  { policy: config, environment }: Pick<ExperimentConfig, 'policy' | 'environment'>,
  { warmStart, posterior, start, stream }: FirstPolicyOptions,
): DesignPolicy {
  const policy = new DesignPolicy(config, actionChannels(environment.interventionKind), stream);
  if (warmStart === 'posterior-encoder') startFromPosterior(policy, posterior);
  if (start !== undefined) startFromPolicy(policy, start);
  return policy;
}

export interface LearnedPolicy {
  /** The policy that is validated and saved. */
  readonly policy: DesignPolicy;
  readonly validation: PolicyValidation;
  /** What is resumed, as one map of arrays. */
  readonly learner: { toArrays(): TensorMap; load(arrays: TensorMap, source: string): void };
}

/** What the loop asks of a learner whose whole state is one map of arrays. */
export function policyParts(
  { environment, seed }: Pick<ExperimentConfig, 'environment' | 'seed'>,
  { policy, validation, learner }: LearnedPolicy,
): Pick<Learner<typeof HELD_OUT_METRICS>, 'validate' | 'model' | 'saveModel' | 'state' | 'restore'> {
  return {
    validate: async () => validation.run(policy),
    model: () => policy.parameters.toArrays(),
    saveModel: (folder, card) => savePolicy(folder, policy, { ...card, environment, seed }),
    state: () => ({ weights: learner.toArrays() }),
    restore: ({ weights = new Map() }, source) => learner.load(weights, source),
  };
}
