import type { DesignStrategy } from '../design-strategy.js';
import type { DesignPolicy, PolicyDecisionOptions } from '../policy/design-policy.js';

/** Anything that decides as a trained policy does; the strategy does not own its weights. */
export type PolicyLike = Pick<DesignPolicy, 'propose'>;

/** A trained policy in one of its two modes: 'stochastic' samples the action, 'deterministic' takes its mode. */
export function trainedPolicy(name: string, policy: PolicyLike, mode: PolicyDecisionOptions['mode']): DesignStrategy {
  return {
    name,
    tasks: ['structure', 'goal'],
    knowledge: [],
    propose: ({ histories, interventionKind, valueRange, streams, allowedTargets }) =>
      policy.propose(histories, { mode, interventionKind, valueRange, streams, allowedTargets }),
  };
}
