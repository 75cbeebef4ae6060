import type { ParameterScope } from '../networks/initialization.js';
import { OutputsHead } from './outputs-head.js';
import type { PolicyConfig } from './policy-config.js';
import type { PolicyHead } from './policy-head.js';
import { ScoredSetsHead } from './scored-sets-head.js';

/** Parameters are named `head/...`. @throws CausalPilotError E_CONFIG where the head reads pairs and the policy has none. */
export function createPolicyHead(
  scope: Omit<ParameterScope, 'prefix'>,
  config: PolicyConfig,
  channels: number,
): PolicyHead {
  const own: ParameterScope = { ...scope, prefix: 'head' };
  const { head } = config;
  return head.kind === 'scored'
    ? new ScoredSetsHead(own, { ...config, head }, channels)
    : new OutputsHead(own, { ...config, head }, channels);
}
