import { RandomStream } from '../core/random/stream.js';
import { GraphPosteriorConfig } from '../models/posterior/graph-posterior-config.js';
import { PosteriorTrainingConfig } from '../training/config/posterior-training-config.js';
import { PosteriorTrainer } from '../training/posterior/posterior-trainer.js';
import { onBackends } from './backend-contender.js';
import type { Benchmark } from './benchmark.js';

const BATCH = 64;
const SIZE = 10;
const ROWS = 60;

/** The posterior of the published size. */
const PUBLISHED = { width: 64, heads: 8, pairs: 4, dropout: 0.1 };
/** That of the preset linear-generalist. */
export const REGRESSIONS = { pairs: 0, pairEncoder: { channels: 48, layers: 6, statistics: 'sinks', means: true } };

/** One training step on random numbers, which do not change the time; `run` gives the loss. */
export function posteriorStepWork(count: number, { network: sizes = PUBLISHED as object, learningRate = 1e-3 } = {}) {
  const config = PosteriorTrainingConfig.parse({ steps: 1000, batchSize: count, learningRate: { peak: learningRate } });
  const network = GraphPosteriorConfig.parse(sizes);
  const trainer = new PosteriorTrainer(config, network, new RandomStream('bench/posterior'));
  const stream = new RandomStream('bench/posterior/data');
  const values = new Float32Array(count * ROWS * SIZE * 2);
  let step = 0;
  const run = () => {
    stream.fillNormal(values);
    for (let flag = 1; flag < values.length; flag += 2) values[flag] = values[flag]! > 1 ? 1 : 0;
    const rowMask = new Float32Array(count * ROWS).fill(1);
    const graphs = Uint8Array.from({ length: count * SIZE * SIZE }, () => (stream.uniform() < 0.3 ? 1 : 0));
    return trainer.step(step++, { count, rows: ROWS, size: SIZE, values, rowMask, graphs });
  };
  return { run, dispose: () => trainer.dispose() };
}

export const benchmark: Benchmark = {
  description: 'one training step of the graph posterior (width 64, 8 layers, batch 64, 10 variables, 60 rows)',
  async workloads(context) {
    const contenders = await onBackends(['native', 'wasm'], context, (parts) => {
      const { run, dispose } = posteriorStepWork(BATCH / parts);
      return { run: () => void run(), dispose };
    });
    return [{ label: `Posterior training step, batch ${BATCH}`, contenders, per: { count: 1, unit: 'step' } }];
  },
};
