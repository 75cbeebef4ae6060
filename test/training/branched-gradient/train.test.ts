import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { loadPolicy } from '../../../models/checkpoints.js';
import type { AmortizedGraphPosterior } from '../../../models/posterior/amortized-graph-posterior.js';
import { loadExperimentConfig } from '../../../training/config/experiment-config.js';
import { trainPolicy } from '../../../training/train-policy.js';
import { interruptAfter } from '../../core/run/interrupt-after.js';
import { expectSameRun } from '../same-run.js';
import { toyPosterior } from './toy-experiment.js';

let root: string;
let posterior: AmortizedGraphPosterior;
const config = loadExperimentConfig({
  preset: 'smoke',
  overrides: [
    'learner.kind=branched-gradient',
    'policy.head={ kind: single }',
    'environment.reward=posteriorExpectedCorrectEntries',
    'learner={ kind: branched-gradient, updates: 4, groups: 2, branches: 2, saveEvery: 2, validation: { every: 2, systems: 4 } }',
  ],
});

beforeAll(async () => {
  await useBackend({ threads: 1 });
  root = mkdtempSync(join(tmpdir(), 'branched-'));
  posterior = toyPosterior();
});
afterAll(() => rmSync(root, { recursive: true }));

/** Trains in a folder of that name; asks for an end after `polls` looks at the interrupt. */
function train(name: string, { resume = false, polls = Number.POSITIVE_INFINITY } = {}) {
  const interrupt = interruptAfter(polls);
  return trainPolicy(config, posterior, { folder: join(root, name), resume, interrupt, quiet: true, backend: 'test' });
}

describe('learner: branched-gradient', () => {
  test('stopped and resumed equals straight, bit for bit; the checkpoint loads with its head', async () => {
    expect((await train('straight')).status).toBe('finished');
    expect(await train('resumed', { polls: 3 })).toMatchObject({ status: 'interrupted', step: 3 });
    expect((await train('resumed', { resume: true })).status).toBe('finished');
    expectSameRun(root, 'resumed', 'straight');
    const policy = await loadPolicy(join(root, 'straight', 'checkpoints', 'best'));
    expect(policy.config.head).toEqual({ kind: 'single', valueSign: 'free' });
    policy.dispose();
  });

  test('a reward that trusts the posterior is reported with what that trust is worth', async () => {
    const { metrics } = await train('trusting');
    // An untrained posterior is far from calibrated.
    expect(Math.abs(metrics['heldOut/overconfidence']!)).toBeGreaterThan(0.01);
  });
});
