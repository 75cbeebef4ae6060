// The worker thread's side of `SimulationPool`.
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina';
import { CausalPilotError, type ErrorCode } from '../../core/errors.js';
import { RandomStream } from '../../core/random/stream.js';
import type { DatasetSpec } from './config.js';
import { type DatasetBatch, simulateDatasets } from './simulate-datasets.js';

/** One batch to make; the spec travels once, as the worker's data. */
export interface SimulationTask {
  readonly count: number;
  readonly streamName: string;
}

/** A batch, or why there is none: an error that crosses threads loses its class and its code. */
export type SimulationAnswer =
  | { readonly batch: DatasetBatch }
  | { readonly refused: { readonly code: ErrorCode; readonly message: string } };

/** Answers with a batch whose arrays are handed over, not copied. */
export default function simulate({ count, streamName }: SimulationTask): object {
  try {
    const batch = simulateDatasets({ spec: specOfWorker(), count, stream: new RandomStream(streamName) });
    return move({
      [transferableSymbol]: [batch.values.buffer, batch.rowMask.buffer, batch.graphs.buffer],
      [valueSymbol]: { batch },
    });
  } catch (error) {
    if (!(error instanceof CausalPilotError)) throw error;
    return { refused: { code: error.code, message: error.message } };
  }
}

function specOfWorker(): DatasetSpec {
  return workerData as DatasetSpec;
}
