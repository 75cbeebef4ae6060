import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { createCausalModelPrior } from '../../../envs/design/prior-registry.js';
import { DesignPolicy } from '../../../models/policy/design-policy.js';
import type { ActionHeadConfig } from '../../../models/policy/policy-config.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import { AmortizedGraphPosterior } from '../../../models/posterior/amortized-graph-posterior.js';
import { GraphPosteriorConfig } from '../../../models/posterior/graph-posterior-config.js';
import { BranchedGradientConfig } from '../../../training/config/branched-gradient-config.js';

export const SIZE = 3;

/** An untrained posterior, undecided and smooth enough that estimates of gradients settle after few draws. */
export function toyPosterior(options: Partial<GraphPosteriorConfig> = {}): AmortizedGraphPosterior {
  const config = GraphPosteriorConfig.parse({ width: 8, heads: 2, pairs: 1, feedForwardFactor: 2, ...options });
  const posterior = new AmortizedGraphPosterior(config, new RandomStream('toy/posterior'));
  posterior.parameters.get('edge/bias').assign(tf.tensor1d([0]));
  posterior.parameters.get('edge/logTemperature').assign(tf.tensor1d([1.5]));
  biasEmbedding(posterior);
  return posterior;
}

/** Without a bias the first layer norm would turn a value into its sign, and gradients into rare spikes. */
function biasEmbedding({ parameters }: AmortizedGraphPosterior | DesignPolicy): void {
  const bias = parameters.get('encoder/embedding/bias');
  bias.assign(tf.tensor1d(new RandomStream('toy/bias').fillNormal(new Float32Array(bias.size), 0, 0.4)));
}

export type ToyHead = z.input<typeof ActionHeadConfig>;

export function toyPolicy(head: ToyHead, overrides: object = {}): DesignPolicy {
  const config = PolicyConfig.parse({ width: 8, heads: 2, pairs: 1, hidden: [8], dropout: 0, head, ...overrides });
  const policy = new DesignPolicy(config, 2, new RandomStream('toy/policy'));
  const weight = policy.parameters.get('head/linear1/weight');
  weight.assign(tf.mul(5, weight.clone()));
  biasEmbedding(policy);
  return policy;
}

export function toyEnvironment(overrides: object = {}) {
  const { prior, ...settings } = DesignEnvConfig.parse({
    prior: { kind: 'linear-scm', variables: SIZE, graph: { kind: 'erdos-renyi', degree: 1 } },
    initialRows: 4,
    budget: 2,
    ...overrides,
  });
  return { prior: createCausalModelPrior(prior), settings };
}

export const toyConfig = (overrides: object = {}): BranchedGradientConfig =>
  BranchedGradientConfig.parse({ kind: 'branched-gradient', groups: 2, branches: 2, entropyWeight: 0, ...overrides });

/** Groups of a toy experiment: the streams that systems and noise come from. */
export const toyGroups = (count: number) => Array.from({ length: count }, (_, g) => new RandomStream(`toy/group/${g}`));
