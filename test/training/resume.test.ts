import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BackendOptions, useBackend } from '../../core/backend/backend.js';
import { hasCheckpoint } from '../../core/checkpoint/manifest.js';
import { readSafetensors } from '../../core/checkpoint/safetensors.js';
import { readMetrics } from '../../core/run/run-folder.js';
import { loadGraphPosterior, loadPolicy } from '../../models/checkpoints.js';
import { loadExperimentConfig } from '../../training/config/experiment-config.js';
import type { TrainingIo, TrainingResult } from '../../training/loop/learner.js';
import { pretrainPosterior } from '../../training/posterior/pretrain.js';
import { trainPolicy } from '../../training/train-policy.js';
import { softwareDeviceIsUsable } from '../core/cuda/software-device.js';
import { interruptAfter } from '../core/run/interrupt-after.js';

const backends: { label: string; options: BackendOptions }[] = [
  { label: 'the default backend', options: {} },
  // Here the runs replay recorded steps.
  ...(softwareDeviceIsUsable
    ? [{ label: 'cuda', options: { backend: 'cuda' as const, cudaDevice: 'software' as const } }]
    : []),
];

let root: string;
const config = loadExperimentConfig({ preset: 'smoke' });

const io = (name: string, resume: boolean, interrupt: TrainingIo['interrupt']): TrainingIo => ({
  folder: join(root, name),
  resume,
  interrupt,
  quiet: true,
  backend: 'test',
});

function withoutTimes(folder: string): object[] {
  return readMetrics(folder).map(({ time, 'time/processorMinutes': processor, ...values }) => values);
}

function expectSameRun(straight: string, resumed: string): void {
  for (const file of ['checkpoints/resume/weights.safetensors', 'checkpoints/best/weights.safetensors'])
    expect(readSafetensors(join(root, resumed, file)).tensors).toEqual(
      readSafetensors(join(root, straight, file)).tensors,
    );
  expect(withoutTimes(join(root, resumed))).toEqual(withoutTimes(join(root, straight)));
}

describe.each(backends)('exact resume on $label', ({ options }) => {
  beforeAll(async () => {
    await useBackend(options);
    root = mkdtempSync(join(tmpdir(), 'resume-'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const runs: Record<string, (io: TrainingIo) => Promise<TrainingResult>> = {
    posterior: (own) => pretrainPosterior(config, own),
    policy: async (own) =>
      trainPolicy(config, await loadGraphPosterior(join(root, 'posterior-straight/checkpoints/best')), own),
  };
  test.each([
    { name: 'posterior', stopAfter: 7, steps: 20 },
    { name: 'policy', stopAfter: 3, steps: 4 },
  ])('$name: stopped and resumed equals straight, bit for bit', async ({ name, stopAfter, steps }) => {
    const run = runs[name]!;
    const straight = await run(io(`${name}-straight`, false, { requested: false }));
    expect(straight).toMatchObject({ status: 'finished', step: steps });
    const stopped = await run(io(`${name}-resumed`, false, interruptAfter(stopAfter)));
    expect(stopped).toMatchObject({ status: 'interrupted', step: stopAfter });
    const resumed = await run(io(`${name}-resumed`, true, { requested: false }));
    expect(resumed.metrics).toEqual(straight.metrics);
    expectSameRun(`${name}-straight`, `${name}-resumed`);
  });

  test('the checkpoints load as models', async () => {
    const policy = await loadPolicy(join(root, 'policy-straight/checkpoints/best'));
    expect(policy.parameters.count).toBeGreaterThan(0);
    // A run is taken where a checkpoint is.
    const ofRun = await loadPolicy(join(root, 'policy-straight'));
    expect(ofRun.parameters.toArrays()).toEqual(policy.parameters.toArrays());
    expect(hasCheckpoint(join(root, 'policy-straight/checkpoints/last'))).toBe(true);
    await expect(loadPolicy(join(root, 'posterior-straight/checkpoints/best'))).rejects.toThrow(
      /holds a 'graph-posterior'/,
    );
  });
});
