import { CausalPilotError } from '../../core/errors.js';
import type { AmortizedGraphPosterior } from '../../models/graph-posterior.js';
import type { DesignPolicy } from '../../models/policy.js';

/** Options that must agree for the posterior's encoder to mean the same in the policy. */
const ENCODER_OPTIONS = [
  'width',
  'heads',
  'keySize',
  'pairs',
  'feedForwardFactor',
  'firstAxis',
  'inputScaling',
] as const;

const ENCODER_PREFIX = 'encoder/';

/**
 * Gives the policy's encoder the posterior's weights: what the posterior reads from a history is what a design should be
 * chosen by. The heads stay as they are.
 *
 * @throws CausalPilotError E_CONFIG naming the first option in which the encoders differ.
 */
export function startFromPosterior(policy: DesignPolicy, posterior: AmortizedGraphPosterior): void {
  const different = ENCODER_OPTIONS.find((option) => policy.config[option] !== posterior.config[option]);
  if (different !== undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `branchedGradient.warmStart: the policy cannot take the posterior's encoder, because policy.${different} is ${policy.config[different]} and the posterior's is ${posterior.config[different]}; set policy.${different} to it, or warmStart to none`,
    );
  const weights = policy.parameters.toArrays();
  for (const [name, array] of posterior.parameters.toArrays())
    if (name.startsWith(ENCODER_PREFIX)) weights.set(name, array);
  policy.parameters.load(weights, 'branchedGradient.warmStart');
}
