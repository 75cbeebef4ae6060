// The worker thread's side of `SimulationPool`.
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina';
import { RandomStream } from '../../core/random/stream.js';
import type { DatasetSpec } from './config.js';
import { simulateDatasets } from './simulate-datasets.js';

/** One batch to make; the spec travels once, as the worker's data. */
export interface SimulationTask {
  readonly count: number;
  readonly streamName: string;
}

/** Answers with a batch whose arrays are handed over, not copied. */
export default function simulate({ count, streamName }: SimulationTask): object {
  const batch = simulateDatasets({ spec: specOfWorker(), count, stream: new RandomStream(streamName) });
  return move({
    [transferableSymbol]: [batch.values.buffer, batch.rowMask.buffer, batch.graphs.buffer],
    [valueSymbol]: batch,
  });
}

function specOfWorker(): DatasetSpec {
  return workerData as DatasetSpec;
}
