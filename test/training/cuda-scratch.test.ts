import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { cudaBackend } from '../../core/native/cuda/register.js';
import { readMetrics } from '../../core/run/run-folder.js';
import { useBackend } from '../../core/tensor/backend.js';
import { loadGraphPosterior } from '../../models/checkpoints.js';
import { trainPolicyByBranchedGradient } from '../../training/branched-gradient/train.js';
import { loadExperimentConfig } from '../../training/experiment-config.js';
import { pretrainPosterior } from '../../training/posterior/pretrain.js';
import { trainPolicyWithRedq } from '../../training/redq/train.js';

const root = mkdtempSync(join(tmpdir(), 'cudatrain-'));
const io = (name: string) => ({
  folder: join(root, name),
  resume: false,
  interrupt: { requested: false },
  quiet: true,
  backend: 'test',
});
const config = loadExperimentConfig({ preset: 'smoke' });
const w = process.stderr.write.bind(process.stderr);
process.stderr.write = ((t: string) => { w(t + new Error('here').stack); return true; }) as never;
test('x', async () => {
  for (const backend of ['cuda'] as const) {
    await useBackend({ backend });
    const show = (what: string) => {
      console.log(
        backend,
        what,
        cudaBackend() && [...cudaBackend()!.fallback.counts],
        cudaBackend()?.memoryPool.statistics,
        process.uptime(),
      );
      cudaBackend()?.fallback.resetCounts();
    };
    await pretrainPosterior(config, io(`post-${backend}`));
    show('posterior');
    const posterior = await loadGraphPosterior(join(root, `post-${backend}`, 'checkpoints/best'));
    await trainPolicyWithRedq(config, posterior, io(`redq-${backend}`));
    show('redq');
    console.log(JSON.stringify(readMetrics(join(root, `post-${backend}`)).at(-1)));
    console.log(JSON.stringify(readMetrics(join(root, `redq-${backend}`)).at(-1)));
  }
});
