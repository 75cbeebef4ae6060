import { RandomStream } from '../core/random/stream.js';
import { CriticConfig } from '../models/policy/critic-config.js';
import { PolicyConfig } from '../models/policy/policy-config.js';
import { RedqConfig } from '../training/config/redq-config.js';
import { RedqLearner } from '../training/redq/learner.js';
import { EpisodeReplay } from '../training/redq/replay.js';
import { onBackends } from './backend-contender.js';
import type { Benchmark } from './benchmark.js';

const BATCH = 64;
const LAYOUT = { size: 10, initialRows: 50, budget: 10, rowsPerExperiment: 1, channels: 2 };

const EPISODES = 64;

function fillReplay(): EpisodeReplay {
  const stream = new RandomStream('bench/redq/episodes');
  const replay = new EpisodeReplay(LAYOUT, EPISODES);
  const { size, initialRows, budget, channels } = LAYOUT;
  for (let episode = 0; episode < EPISODES; episode++) {
    const rows = new Float32Array((initialRows + budget) * size * 2);
    stream.fillNormal(rows);
    const actions = new Float32Array(budget * size * channels);
    stream.fillUniform(actions, -1, 1);
    const rewards = new Float32Array(budget);
    stream.fillNormal(rewards);
    replay.add({ rows, actions, rewards });
  }
  return replay;
}

/** One critic step of every critic and one policy step, with the paper's networks; `run` gives the losses. */
export function redqUpdateWork(batchSize: number) {
  const learner = new RedqLearner({
    config: RedqConfig.parse({ kind: 'redq', iterations: 1, critics: 2, targetSubset: 2, batchSize }),
    policy: PolicyConfig.parse({ width: 32, heads: 8, pairs: 4, feedForwardFactor: 4, dropout: 0.1 }),
    critic: CriticConfig.parse({ width: 32, heads: 8, pairs: 4, feedForwardFactor: 2 }),
    channels: LAYOUT.channels,
    stream: new RandomStream('bench/redq'),
  });
  const replay = fillReplay();
  let step = 0;
  const run = () => {
    const stream = new RandomStream(`bench/redq/${step++}`);
    const critics = learner.updateCritics(replay.sample(batchSize, stream.child('critic')), stream.child('critic'));
    const policy = learner.updatePolicy(replay.sample(batchSize, stream.child('policy')), -20, stream.child('policy'));
    return { ...critics, ...policy };
  };
  return { run, dispose: () => learner.dispose() };
}

/** Work whose result is not an elapsed time. */
function withoutResult({ run, dispose }: ReturnType<typeof redqUpdateWork>) {
  return { run: () => void run(), dispose };
}

export const benchmark: Benchmark = {
  description: 'one full REDQ/SAC update (2 critics and policy, batch 64, 10 variables, 50 to 60 rows)',
  async workloads(context) {
    const contenders = await onBackends(['native', 'wasm'], context, (parts) =>
      withoutResult(redqUpdateWork(BATCH / parts)),
    );
    return [{ label: `REDQ/SAC update, 2 critics, batch ${BATCH}`, contenders, per: { count: 1, unit: 'update' } }];
  },
};
