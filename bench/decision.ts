import { History } from '../core/causal/history.js';
import { observe } from '../core/causal/intervention.js';
import { RandomStream } from '../core/random/stream.js';
import { DesignPolicy } from '../models/policy/design-policy.js';
import { PolicyConfig } from '../models/policy/policy-config.js';
import { onBackends } from './backend-contender.js';
import type { Benchmark } from './benchmark.js';

const SIZE = 10;
const ROWS = 60;

function decisionWork() {
  const config = PolicyConfig.parse({ width: 32, heads: 8, pairs: 4, feedForwardFactor: 4 });
  const policy = new DesignPolicy(config, 2, new RandomStream('bench/decision'));
  const history = new History(SIZE);
  const stream = new RandomStream('bench/decision/history');
  const samples = new Float32Array(ROWS * SIZE);
  stream.fillNormal(samples);
  history.append(samples, observe(SIZE));
  const run = () => {
    policy.propose([history], { mode: 'deterministic', interventionKind: 'do', valueRange: 1, streams: [] });
  };
  return { run, dispose: () => policy.dispose() };
}

export const benchmark: Benchmark = {
  description: 'latency of one policy decision (one history of 60 rows and 10 variables)',
  async workloads(context) {
    const contenders = await onBackends(['native', 'wasm'], context, decisionWork, 1);
    return [{ label: 'Policy decision', contenders, per: { count: 1, unit: 'decision' } }];
  },
};
