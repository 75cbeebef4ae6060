// The worker thread's side of `TrainingPool`.
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina';
import { CausalPilotError, type ErrorCode } from '../../core/errors.js';
import { RandomStream } from '../../core/random/stream.js';
import { usePriorModule } from '../../envs/design/module-prior.js';
import { type TrainingBatch, TrainingData, type TrainingDataSpec } from './training-data.js';

/** What travels once, when a worker starts. */
export interface TrainingWorkerData {
  readonly data: TrainingDataSpec;
  /** File of the prior where it is a user's own. */
  readonly priorModule: string | undefined;
}

/** One batch to make. */
export interface TrainingTask {
  readonly count: number;
  readonly streamName: string;
}

/** A batch, or why there is none: an error that crosses threads loses its class and its code. */
export type TrainingAnswer =
  | { readonly batch: TrainingBatch }
  | { readonly refused: { readonly code: ErrorCode; readonly message: string } };

let data: Promise<TrainingData> | undefined;

async function openData({ data, priorModule }: TrainingWorkerData): Promise<TrainingData> {
  if (priorModule !== undefined) await usePriorModule(priorModule);
  return TrainingData.create(data);
}

/** Answers with a batch whose arrays are handed over, not copied. */
export default async function makeBatch({ count, streamName }: TrainingTask): Promise<object> {
  try {
    data ??= openData(workerData as TrainingWorkerData);
    const batch = (await data).make(count, new RandomStream(streamName));
    const { values, rowMask, graphs, labels } = batch;
    const buffers = [values, rowMask, graphs, labels].filter((array) => array !== undefined);
    return move({ [transferableSymbol]: buffers.map(({ buffer }) => buffer), [valueSymbol]: { batch } });
  } catch (error) {
    if (!(error instanceof CausalPilotError)) throw error;
    return { refused: { code: error.code, message: error.message } };
  }
}
