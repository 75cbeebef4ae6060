import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import type { GraphPosterior } from '../../../core/causal/graph-posterior.js';
import { readMetrics, readRunRecord } from '../../../core/run/run-folder.js';
import { loadPolicy } from '../../../models/checkpoints.js';
import type { DesignPolicy } from '../../../models/policy/design-policy.js';
import { exactPosteriorFor } from '../../../models/posterior/exact/environment-posterior.js';
import { loadExperimentConfig } from '../../../training/config/experiment-config.js';
import { checkLearner, trainPolicy } from '../../../training/train-policy.js';
import { interruptAfter } from '../../core/run/interrupt-after.js';
import { expectSameRun } from '../same-run.js';

let root: string;
let posterior: GraphPosterior;
const config = loadExperimentConfig({
  preset: 'smoke',
  overrides: [
    'environment.reward=posteriorExpectedCorrectEntries',
    'environment.initialRows=10',
    'policy={ width: 8, pairs: 0, hidden: [8, 8], dropout: 0, pairEncoder: { channels: 8, layers: 1, statistics: sinks }, head: { kind: scored, maximumTargets: 2 } }',
    'learner={ kind: action-values, iterations: 6, episodes: 8, batchSize: 5, passes: 2, saveEvery: 2, validation: { every: 2, systems: 4 } }',
  ],
});

beforeAll(async () => {
  await useBackend({ threads: 1 });
  root = mkdtempSync(join(tmpdir(), 'action-values-'));
  posterior = await exactPosteriorFor('exact', config.environment);
});
afterAll(() => rmSync(root, { recursive: true }));

/** Trains in a folder of that name; asks for an end after `polls` looks at the interrupt. */
function train(
  name: string,
  { resume = false, polls = Number.POSITIVE_INFINITY, start = undefined as DesignPolicy | undefined } = {},
) {
  const io = { folder: join(root, name), resume, interrupt: interruptAfter(polls), quiet: true, backend: 'test' };
  return trainPolicy(config, posterior, { ...io, start });
}

describe('learner: action-values', () => {
  test('stopped and resumed equals straight, bit for bit; the checkpoint loads with its head', async () => {
    // Sixteen states an iteration, in batches of five: four steps a pass.
    expect(await train('straight')).toMatchObject({ status: 'finished', gradientSteps: 6 * 2 * 4 });
    expect(await train('resumed', { polls: 3 })).toMatchObject({ status: 'interrupted', step: 3 });
    expect((await train('resumed', { resume: true })).status).toBe('finished');
    expectSameRun(root, 'resumed', 'straight');
    const policy = await loadPolicy(join(root, 'straight', 'checkpoints', 'best'));
    expect(policy.config.head).toEqual({ kind: 'scored', minimumTargets: 1, maximumTargets: 2, temperature: 0.02 });
    policy.dispose();
  });

  test('every iteration meets other systems, and the learning rate falls along its schedule', async () => {
    await train('varied');
    const rows = readMetrics(join(root, 'varied')).filter((row) => row['values/spread'] !== undefined);
    expect(new Set(rows.map((row) => row['values/spread'])).size).toBe(6);
    const rates = rows.map((row) => row['policy/learningRate'] as number);
    expect(rates).toEqual([...rates].sort((a, b) => b - a));
    expect(rates.at(-1)).toBeLessThan(0.05 * rates[0]!);
  });

  test('starts from a trained policy and is bound to it', async () => {
    const start = await loadPolicy(join(root, 'straight'));
    await train('started', { start, polls: 1 });
    const first = readMetrics(join(root, 'started'))[0]!;
    const fresh = readMetrics(join(root, 'straight'))[0]!;
    expect(first['values/explained']).not.toBe(fresh['values/explained']);
    expect(readRunRecord(join(root, 'started')).inputs).toMatchObject({
      start: { source: join(root, 'straight', 'checkpoints', 'best') },
    });
    await expect(train('started', { resume: true })).rejects.toThrow(/start/);
    expect(await train('started', { resume: true, start, polls: 1 })).toMatchObject({ step: 2 });
    start.dispose();
    const redq = loadExperimentConfig({ preset: 'smoke' });
    const io = { folder: join(root, 'redq'), resume: false, interrupt: { requested: false }, backend: 'test', start };
    expect(() => trainPolicy(redq, posterior, io)).toThrow(/cannot start from a policy alone/);
    expect(existsSync(join(root, 'redq'))).toBe(false);
  });

  test('a learner and a head that do not belong together are refused before anything is made', () => {
    const other = (overrides: string[]) => () => checkLearner(loadExperimentConfig({ preset: 'smoke', overrides }));
    expect(other(['learner={ kind: action-values }'])).toThrow(/'independent' head gives them no values/);
    expect(other(['policy.head={ kind: scored }'])).toThrow(/not by 'redq'; set learner.kind=action-values/);
    expect(() => checkLearner(config)).not.toThrow();
  });
});
