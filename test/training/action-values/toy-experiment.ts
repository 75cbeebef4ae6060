import { RandomStream } from '../../../core/random/stream.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { createCausalModelPrior } from '../../../envs/design/prior-registry.js';
import { DesignPolicy } from '../../../models/policy/design-policy.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import type { ScoredSetsHead } from '../../../models/policy/scored-sets-head.js';
import { exactPosteriorFor } from '../../../models/posterior/exact/environment-posterior.js';

export const SIZE = 3;

export const toyEnvironment = (overrides: object = {}) =>
  DesignEnvConfig.parse({
    prior: { kind: 'linear-scm', variables: SIZE, graph: { kind: 'erdos-renyi', degree: 1 } },
    initialRows: 6,
    budget: 2,
    reward: 'posteriorExpectedCorrectEntries',
    ...overrides,
  });

/** What `collectTriedStates` needs besides a valuation. */
export async function toyCollection({
  source = 'exact',
  ...overrides
}: { source?: 'exact' | 'scale-free' } & object = {}) {
  const environment = toyEnvironment(overrides);
  const { prior, ...settings } = environment;
  const posterior = await exactPosteriorFor(source, environment);
  const head = toyPolicy().head as ScoredSetsHead;
  const options = { candidates: 100, contenders: 1, exploration: 0, sets: head.sets(SIZE) };
  return { ...options, prior: createCausalModelPrior(prior), settings, posterior };
}

export function toyPolicy(name = 'toy', overrides: object = {}): DesignPolicy {
  const config = PolicyConfig.parse({
    width: 8,
    pairs: 0,
    hidden: [8],
    dropout: 0,
    pairEncoder: { channels: 4, layers: 1, statistics: 'sinks' },
    head: { kind: 'scored', maximumTargets: 2 },
    ...overrides,
  });
  return new DesignPolicy(config, 2, new RandomStream(name));
}

export const episodeStreams = (count: number) =>
  Array.from({ length: count }, (_, k) => new RandomStream(`toy/episode/${k}`));
