import { RandomStream } from '../../../core/random/stream.js';
import { Adam } from '../../../core/tensor/optimizers.js';
import { Critic } from '../../../models/policy/critic.js';
import { CriticConfig } from '../../../models/policy/critic-config.js';
import { DesignPolicy } from '../../../models/policy/design-policy.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import { RedqConfig } from '../../../training/config/redq-config.js';
import { EpisodeReplay } from '../../../training/redq/replay.js';
import type { RedqNetworks } from '../../../training/redq/update-context.js';

const network = { width: 8, heads: 2, pairs: 1, hidden: [8] };

/** Small networks of REDQ; critics and target critics all have weights of their own. */
export function redqNetworks(overrides: object = {}, policyOverrides: object = {}): RedqNetworks {
  const config = RedqConfig.parse({ kind: 'redq', iterations: 1, ...overrides });
  const stream = new RandomStream('networks');
  const policy = new DesignPolicy(
    PolicyConfig.parse({ ...network, dropout: 0, ...policyOverrides }),
    2,
    stream.child('policy'),
  );
  const makeCritics = (name: string, count: number) =>
    Array.from({ length: count }, (_, k) => new Critic(CriticConfig.parse(network), 2, stream.child(name, k)));
  const critics = makeCritics('critic', config.critics);
  const targets = makeCritics('target', config.critics);
  const usesAll = config.targetSubset >= config.critics;
  return {
    config,
    policy,
    critics,
    targets,
    drawnTargets: usesAll ? targets : makeCritics('slot', config.targetSubset),
    policyOptimizer: new Adam(policy.parameters, { learningRate: config.policyLearningRate }),
    criticOptimizers: critics.map(({ parameters }) => new Adam(parameters, { learningRate: 1e-2 })),
  };
}

/** 6 transitions of 3 variables with 2 action numbers each; some end their episode, some do not. */
export const transitionBatch = (() => {
  const stream = new RandomStream('transitions');
  const replay = new EpisodeReplay({ size: 3, initialRows: 2, budget: 3, rowsPerExperiment: 1, channels: 2 }, 8);
  for (let episode = 0; episode < 8; episode++)
    replay.add({
      rows: stream.fillNormal(new Float32Array(5 * 3 * 2)),
      actions: stream.fillUniform(new Float32Array(3 * 3 * 2), -1, 1),
      rewards: stream.fillNormal(new Float32Array(3)),
    });
  return replay.sample(6, stream);
})();
