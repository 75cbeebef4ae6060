import * as tf from '@tensorflow/tfjs';
import { type BackendName, describeBackends, useBackend } from '../core/backend/backend.js';
import type { Absent, BenchmarkContext, Contender } from './benchmark.js';
import { scaled, startClock } from './clock.js';

/** What a benchmark does on one backend. */
export interface BackendWork {
  run(): void;
  dispose?(): void;
}

/**
 * The stock WebAssembly backend runs out of memory on gradients of a whole batch: it gets this part of the batch, and its
 * time counts as many times.
 */
const WASM_PARTS = 8;

/**
 * The same work on each backend that is there; `make` is called with the backend active and the number of parts that the
 * batch is cut into, of which it does one.
 */
export async function onBackends(
  names: readonly BackendName[],
  { threads }: BenchmarkContext,
  make: (parts: number) => BackendWork,
  wasmParts = WASM_PARTS,
): Promise<(Contender | Absent)[]> {
  const known = await describeBackends();
  const contenders: (Contender | Absent)[] = [];
  for (const name of names) {
    const description = known.find((backend) => backend.name === name)!;
    if (!description.usable) {
      contenders.push({ name, absent: description.detail });
      continue;
    }
    await useBackend({ backend: name, threads });
    const parts = name === 'wasm' ? wasmParts : 1;
    contenders.push(backendContender(name, { work: make(parts), parts }));
  }
  return contenders;
}

function backendContender(name: BackendName, { work, parts }: { work: BackendWork; parts: number }): Contender {
  return {
    name: parts === 1 ? name : `${name} (1/${parts} batch, x${parts})`,
    run: async () => {
      // Selecting a backend is not part of the work, so the time is taken here.
      await tf.setBackend(name);
      const stop = startClock();
      work.run();
      return scaled(stop(), parts);
    },
    dispose: async () => {
      await tf.setBackend(name);
      work.dispose?.();
    },
  };
}
