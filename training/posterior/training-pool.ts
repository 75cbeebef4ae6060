import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import { priorModuleFile } from '../../envs/design/module-prior.js';
import { checkDatasetSpec } from '../../envs/simulation/config.js';
import { type TrainingBatch, TrainingData, type TrainingDataSpec } from './training-data.js';
import type { TrainingAnswer, TrainingTask, TrainingWorkerData } from './training-worker.js';

export interface TrainingPoolOptions {
  readonly data: TrainingDataSpec;
  /** Datasets in a batch. */
  readonly batchSize: number;
  /** Batch k, dataset i draws from the child stream `<name>/batch/<k>/<i>` only, so workers do not change a number. */
  readonly stream: RandomStream;
  /** Worker threads; 0 simulates in this thread when a batch is asked for. @defaultValue 1 */
  readonly workers?: number;
  /** Batches made ahead of the one asked for; without workers there is none. @defaultValue 2 */
  readonly prefetch?: number;
}

/** Training batches by number, simulated in worker threads ahead of their use. Close it when done. */
export class TrainingPool {
  readonly #options: Required<TrainingPoolOptions>;
  readonly #workers: Piscina<TrainingTask, TrainingAnswer> | undefined;
  readonly #loading: Promise<unknown>[] = [];
  #own: Promise<TrainingData> | undefined;
  readonly #pending = new Map<number, Promise<TrainingBatch>>();

  /** @throws CausalPilotError E_CONFIG if the spec contradicts itself, E_INPUT for options out of range. */
  constructor({ workers = 1, prefetch = 2, ...options }: TrainingPoolOptions) {
    this.#options = { ...options, workers, prefetch };
    for (const [name, value, least] of [
      ['batchSize', options.batchSize, 1],
      ['workers', workers, 0],
      ['prefetch', prefetch, 0],
    ] as const)
      if (!Number.isInteger(value) || value < least)
        throw new CausalPilotError('E_INPUT', `TrainingPool: '${name}' must be an integer >= ${least}, got ${value}`);
    checkDatasetSpec(options.data.spec);
    if (workers === 0) return;
    this.#workers = new Piscina({
      filename: workerEntry(),
      minThreads: workers,
      maxThreads: workers,
      workerData: {
        data: options.data,
        priorModule: priorModuleFile(options.data.spec.environment.prior),
      } satisfies TrainingWorkerData,
    });
    for (const thread of this.#workers.threads) this.#loading.push(loadedOrGone(thread));
  }

  /** Batch `k`, the same whenever and wherever it is made; begins the next ones while the caller works on it. */
  batch(k: number): Promise<TrainingBatch> {
    const wanted = this.#pending.get(k) ?? this.#begin(k);
    this.#pending.delete(k);
    if (this.#workers !== undefined) {
      for (let next = k + 1; next <= k + this.#options.prefetch; next++) {
        if (!this.#pending.has(next)) this.#pending.set(next, this.#begin(next));
      }
      this.#forgetOutside(k + 1, k + this.#options.prefetch);
    }
    return wanted;
  }

  /** Stops the workers once the batches that they are in the middle of are done; all others are dropped. */
  async close(): Promise<void> {
    this.#pending.clear();
    // A thread that is stopped while it loads native code takes the whole process down, so stopping waits for that.
    for (const thread of this.#workers?.threads ?? []) thread.ref();
    await Promise.all(this.#loading);
    // Not destroy(): an answer that arrives after it is an error event that would end the process.
    await this.#workers?.close({ force: true });
  }

  #begin(k: number): Promise<TrainingBatch> {
    const { data, batchSize: count } = this.#options;
    const stream = this.#options.stream.child('batch', k);
    if (this.#workers === undefined) {
      this.#own ??= TrainingData.create(data);
      return this.#own.then((own) => own.make(count, stream));
    }
    const batch = this.#workers.run({ count, streamName: stream.name }).then(batchOf);
    // A prefetched batch that nobody awaits must not end the process when the pool is closed; awaiting still rejects.
    batch.catch(() => undefined);
    return batch;
  }

  /** Drops batches that a jump to another number left behind. */
  #forgetOutside(first: number, last: number): void {
    for (const k of this.#pending.keys()) if (k < first || k > last) this.#pending.delete(k);
  }
}

/** The first message of a thread says that it has loaded its code. */
function loadedOrGone(thread: Worker): Promise<unknown> {
  return Promise.race([once(thread, 'message'), once(thread, 'exit')]).catch(() => undefined);
}

function batchOf(answer: TrainingAnswer): TrainingBatch {
  if ('batch' in answer) return answer.batch;
  throw new CausalPilotError(answer.refused.code, answer.refused.message);
}

/** Worker threads load built JavaScript: beside this file in dist/, or in dist/ when this file runs as a source. */
function workerEntry(): string {
  const built = import.meta.url.endsWith('.ts')
    ? '../../dist/training/posterior/training-worker.js'
    : './training-worker.js';
  const entry = fileURLToPath(new URL(built, import.meta.url));
  if (!existsSync(entry))
    throw new CausalPilotError('E_STATE', `TrainingPool: ${entry} is missing; run 'npm run build', or use 0 workers`);
  return entry;
}
