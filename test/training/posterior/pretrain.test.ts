import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { readMetrics } from '../../../core/run/run-folder.js';
import { loadGraphPosterior } from '../../../models/checkpoints.js';
import { loadExperimentConfig } from '../../../training/config/experiment-config.js';
import { PosteriorTrainer } from '../../../training/posterior/posterior-trainer.js';
import { pretrainPosterior } from '../../../training/posterior/pretrain.js';
import type { TrainingBatch } from '../../../training/posterior/training-data.js';

let folder: string;
beforeAll(async () => {
  await useBackend({ threads: 1 });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pretrain-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Trains in this thread for as many steps as asked. */
function pretrain(...overrides: string[]) {
  const config = loadExperimentConfig({ preset: 'smoke', overrides: ['backend.simulationWorkers=0', ...overrides] });
  return pretrainPosterior(config, {
    folder,
    resume: false,
    interrupt: { requested: false },
    quiet: true,
    backend: 'test',
  });
}

/** Keeps the trainer, and every batch that it is given. */
function watchTrainer() {
  const batches: TrainingBatch[] = [];
  const seen: { trainer?: PosteriorTrainer; raw?: unknown; average?: unknown } = {};
  const step = PosteriorTrainer.prototype.step;
  vi.spyOn(PosteriorTrainer.prototype, 'step').mockImplementation(function (this: PosteriorTrainer, index, batch) {
    batches.push(batch);
    const report = step.call(this, index, batch);
    seen.raw = this.model.parameters.toArrays();
    seen.average = this.average.parameters.toArrays();
    return report;
  });
  return { batches, seen };
}

test('the last checkpoint holds the averaged weights, not those of the last step', async () => {
  const { seen } = watchTrainer();
  const { lastCheckpoint } = await pretrain();
  const posterior = await loadGraphPosterior(lastCheckpoint);
  const saved = posterior.parameters.toArrays();
  posterior.dispose();
  expect(saved).toEqual(seen.average);
  expect(saved).not.toEqual(seen.raw);
});

test('every step sees data of its own', async () => {
  const { batches } = watchTrainer();
  await pretrain();
  expect(batches).toHaveLength(20);
  expect(new Set(batches.map(({ values }) => values.join())).size).toBe(20);
  expect(new Set(batches.map(({ count }) => count))).toEqual(new Set([8]));
});

test('the best checkpoint is that of the lowest held-out cross-entropy', async () => {
  const { metrics } = await pretrain(
    'posterior.training.validation.every=2',
    'posterior.training.learningRate.peak=0.03',
  );
  const crossEntropies = readMetrics(folder).flatMap((line) => line['heldOut/crossEntropy'] ?? []);
  expect(crossEntropies).toHaveLength(10);
  expect(Math.max(...crossEntropies)).toBeGreaterThan(Math.min(...crossEntropies));
  expect(metrics['heldOut/crossEntropy']).toBe(Math.min(...crossEntropies));
});

test('the learning rate of the log is the schedule of the config, and another seed is another run', async () => {
  await pretrain('posterior.training.logEvery=1');
  const logged = (name: string) => readMetrics(folder).flatMap((line) => line[name] ?? []);
  const rates = logged('optimizer/learningRate');
  expect(rates).toHaveLength(20);
  expect(Math.max(...rates)).toBeLessThanOrEqual(1e-3);
  expect(rates.at(-1)!).toBeLessThan(0.5 * Math.max(...rates));
  const losses = logged('loss/crossEntropy');
  rmSync(folder, { recursive: true });
  await pretrain('posterior.training.logEvery=1', 'seed=2');
  expect(logged('loss/crossEntropy')).not.toEqual(losses);
});
