import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { DatasetSpec } from '../../../envs/simulation/config.js';
import { simulateDatasets } from '../../../envs/simulation/simulate-datasets.js';
import type { TrainingBatch } from '../../../training/posterior/training-data.js';
import { TrainingPool } from '../../../training/posterior/training-pool.js';

const spec = DatasetSpec.parse({
  environment: { prior: { kind: 'linear-scm', variables: 3 }, initialRows: 5, budget: 2 },
});
const data = { spec, labels: 'graph' as const };
const stream = new RandomStream('training-pool');

async function batches(workers: number, prefetch: number, order: readonly number[]): Promise<TrainingBatch[]> {
  const pool = new TrainingPool({ data, batchSize: 4, stream, workers, prefetch });
  try {
    const made: TrainingBatch[] = [];
    for (const k of order) made.push(await pool.batch(k));
    return made;
  } finally {
    await pool.close();
  }
}

describe('TrainingPool', () => {
  test('batch k is dataset batch k of the stream, whatever workers and prefetching there are', async () => {
    const expected = [0, 1, 2].map((k) => simulateDatasets({ spec, count: 4, stream: stream.child('batch', k) }));
    expect(await batches(0, 2, [0, 1, 2])).toEqual(expected);
    expect(await batches(1, 0, [0, 1, 2])).toEqual(expected);
    expect(await batches(2, 3, [0, 1, 2])).toEqual(expected);
  });

  test('batches can be asked for in any order and again', async () => {
    const [seventh, first, again] = await batches(1, 2, [7, 0, 7]);
    expect(again).toEqual(seventh);
    expect(first).not.toEqual(seventh);
  });

  test('closing with batches under way neither hangs nor throws', async () => {
    const pool = new TrainingPool({ data, batchSize: 64, stream, workers: 1, prefetch: 5 });
    await pool.batch(0);
    await pool.close();
  });

  test('a pool can be closed before its workers have started, and twice', async () => {
    const pool = new TrainingPool({ data, batchSize: 4, stream, workers: 2 });
    await pool.close();
    await pool.close();
  });

  test('an error in a worker reaches the caller with its code', async () => {
    // Valid as data, but linear systems have no genes to knock out.
    const environment = { ...spec.environment, interventionKind: 'knockout' as const };
    const broken = { environment, data: { ...spec.data, observationalFraction: 0 } };
    for (const workers of [0, 1]) {
      const pool = new TrainingPool({ data: { ...data, spec: broken }, batchSize: 1, stream, workers });
      await expect(pool.batch(0)).rejects.toThrow(
        expect.objectContaining({
          code: 'E_INPUT',
          message: expect.stringContaining("kind 'knockout' is not supported here"),
        }),
      );
      await pool.close();
    }
  });

  test.each([
    [{ batchSize: 0 }, "'batchSize' must be an integer >= 1, got 0"],
    [{ workers: -1 }, "'workers' must be an integer >= 0, got -1"],
    [{ prefetch: 0.5 }, "'prefetch' must be an integer >= 0, got 0.5"],
  ])('%j is refused', (options, message) => {
    expect(() => new TrainingPool({ data, batchSize: 4, stream, ...options })).toThrow(message);
  });
});
