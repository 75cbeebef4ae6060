import { isDeepStrictEqual } from 'node:util';
import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import { CausalPilotError } from '../../core/errors.js';
import type { DesignPolicy } from '../../models/policy/design-policy.js';
import { AmortizedGraphPosterior } from '../../models/posterior/amortized-graph-posterior.js';

/** Options that must agree for the posterior's encoder to mean the same in the policy. */
const ENCODER_OPTIONS = [
  'width',
  'heads',
  'keySize',
  'pairs',
  'feedForwardFactor',
  'firstAxis',
  'inputScaling',
  'pairEncoder',
] as const;

/** Parameters that both networks name alike and that mean the same in both. */
const SHARED_PREFIXES = ['encoder/', 'pair/'];

/**
 * Gives the policy's encoders, of histories and of pairs, the posterior's weights: what the posterior reads from a history is
 * what a design should be chosen by. The heads stay as they are.
 *
 * @throws CausalPilotError E_CONFIG naming the first option in which the encoders differ, or for an exact posterior.
 */
export function startFromPosterior(policy: DesignPolicy, posterior: GraphPosterior): void {
  if (!(posterior instanceof AmortizedGraphPosterior))
    throw new CausalPilotError(
      'E_CONFIG',
      'learner.warmStart: an exact posterior has no encoder to start from; set warmStart to none',
    );
  const different = ENCODER_OPTIONS.find(
    (option) => !isDeepStrictEqual(policy.config[option], posterior.config[option]),
  );
  if (different !== undefined) {
    const shown = ({ config }: DesignPolicy | AmortizedGraphPosterior) => JSON.stringify(config[different]);
    throw new CausalPilotError(
      'E_CONFIG',
      `learner.warmStart: the policy cannot take the posterior's encoder, because policy.${different} is ${shown(policy)} and the posterior's is ${shown(posterior)}; set policy.${different} to it, or warmStart to none`,
    );
  }
  const weights = policy.parameters.toArrays();
  for (const [name, array] of posterior.parameters.toArrays())
    if (SHARED_PREFIXES.some((prefix) => name.startsWith(prefix))) weights.set(name, array);
  policy.parameters.load(weights, 'learner.warmStart');
}

/**
 * Gives a policy all weights of a trained one, whatever it was trained on.
 *
 * @throws CausalPilotError E_CONFIG naming the first option in which the networks differ.
 */
export function startFromPolicy(policy: DesignPolicy, start: DesignPolicy): void {
  const parts = ({ config }: DesignPolicy): Record<string, unknown> => ({
    ...Object.fromEntries(ENCODER_OPTIONS.map((option) => [option, config[option]])),
    hidden: config.hidden,
    'head.kind': config.head.kind,
  });
  const [own, given] = [parts(policy), parts(start)];
  const different = Object.keys(own).find((option) => !isDeepStrictEqual(own[option], given[option]));
  if (different !== undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `--policy: training cannot start from it, because policy.${different} is ${JSON.stringify(own[different])} and that policy's is ${JSON.stringify(given[different])}; set policy.${different} to it, or start from another`,
    );
  policy.parameters.load(start.parameters.toArrays(), 'the policy to start from');
}
