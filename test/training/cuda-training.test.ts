import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BackendName, useBackend } from '../../core/backend/backend.js';
import { readSafetensors } from '../../core/checkpoint/safetensors.js';
import { cudaBackend } from '../../core/cuda/register.js';
import { readMetrics } from '../../core/run/run-folder.js';
import { loadGraphPosterior } from '../../models/checkpoints.js';
import { type ExperimentConfig, loadExperimentConfig } from '../../training/config/experiment-config.js';
import type { TrainingIo } from '../../training/loop/learner.js';
import { pretrainPosterior } from '../../training/posterior/pretrain.js';
import { trainPolicy } from '../../training/train-policy.js';
import { softwareDeviceIsUsable } from '../core/cuda/software-device.js';
import { nativeIsUsable } from '../core/tensor/usable-backends.js';

/** Largest difference between weights after the few steps of a smoke run, relative to the largest weight of the tensor. */
const TOLERANCE = 1e-4;

let root: string;
const pairEncoders = (...parts: string[]) =>
  parts.map((part) => `${part}.pairEncoder={ channels: 4, layers: 1, statistics: both, means: true }`);
const configs: Record<string, ExperimentConfig> = {
  redq: loadExperimentConfig({
    preset: 'smoke',
    overrides: pairEncoders('posterior.network', 'policy', 'learner.critic'),
  }),
  'branched-gradient': loadExperimentConfig({
    preset: 'smoke',
    overrides: [
      'learner={ kind: branched-gradient, updates: 3, groups: 4, validation: { systems: 4 }, saveEvery: 1 }',
      ...pairEncoders('posterior.network', 'policy'),
    ],
  }),
};

const io = (name: string): TrainingIo => ({
  folder: join(root, name),
  resume: false,
  interrupt: { requested: false },
  quiet: true,
  backend: 'test',
});

const posteriorOf = (backend: BackendName) => loadGraphPosterior(join(root, `${backend}-posterior/checkpoints/best`));

const runs: Record<string, (own: ExperimentConfig, backend: BackendName) => Promise<unknown>> = {
  posterior: (own, backend) => pretrainPosterior(own, io(`${backend}-posterior`)),
  redq: async (own, backend) => trainPolicy(own, await posteriorOf(backend), io(`${backend}-redq`)),
  'branched-gradient': async (own, backend) =>
    trainPolicy(own, await posteriorOf(backend), io(`${backend}-branched-gradient`)),
};

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'cuda-training-'));
});
afterAll(() => rmSync(root, { recursive: true }));

/**
 * The numbers of a tensor that rounding leaves alone. A bias of attention keys changes nothing that softmax gives: its
 * gradient is rounding error, which Adam scales up to whole steps.
 */
function comparable(name: string, data: ArrayLike<number | bigint>): number[] {
  const numbers = Array.from(data, Number);
  if (!name.endsWith('inProjection/bias')) return numbers;
  const third = numbers.length / 3;
  return [...numbers.slice(0, third), ...numbers.slice(2 * third)];
}

/** Largest relative difference of one saved tensor between the runs of both backends, with its name. */
function worstWeight(run: string): { name: string; difference: number } {
  const [native, cuda] = ['native', 'cuda'].map(
    (backend) => readSafetensors(join(root, `${backend}-${run}/checkpoints/resume/weights.safetensors`)).tensors,
  );
  let worst = { name: '', difference: 0 };
  for (const [name, tensor] of native!) {
    const [data, other] = [comparable(name, tensor.data), comparable(name, cuda!.get(name)!.data)];
    const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    const difference = data.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0) / scale;
    if (!(difference <= worst.difference)) worst = { name, difference };
  }
  return worst;
}

describe.runIf(softwareDeviceIsUsable && nativeIsUsable)('training on cuda', () => {
  test.each(Object.keys(runs))('%s runs on the device alone and ends as on native', async (name) => {
    const tensors: number[] = [];
    for (const backend of ['native', 'cuda'] as const) {
      await useBackend({ backend });
      const before = tf.memory().numTensors;
      cudaBackend()?.fallback.resetCounts();
      await runs[name]!(configs[name] ?? configs.redq!, backend);
      tensors.push(tf.memory().numTensors - before);
    }
    expect([...cudaBackend()!.fallback.counts]).toEqual([]);
    expect(worstWeight(name).difference, worstWeight(name).name).toBeLessThan(TOLERANCE);
    expect(tensors[1]).toBe(tensors[0]);
    const [native, cuda] = ['native', 'cuda'].map((backend) => readMetrics(join(root, `${backend}-${name}`)));
    expect(cuda!.map(({ step }) => step)).toEqual(native!.map(({ step }) => step));
  });
});
