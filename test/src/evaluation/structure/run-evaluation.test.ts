import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import { RandomStream } from '../../../../core/random/stream.js';
import { savePolicy } from '../../../../models/checkpoints.js';
import { DesignPolicy } from '../../../../models/policy/design-policy.js';
import type { ResultRow } from '../../../../src/evaluation/scores/summary.js';
import { type EvaluationRun, runEvaluation } from '../../../../src/evaluation/structure/run-evaluation.js';
import { loadExperimentConfig } from '../../../../training/config/experiment-config.js';
import { interruptAfter } from '../../../core/run/interrupt-after.js';

let root: string;
beforeAll(async () => {
  await useBackend({ threads: 1 });
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'run-evaluation-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const configOf = (...overrides: string[]) => loadExperimentConfig({ preset: 'smoke', overrides });
const config = configOf();

/** Two strategies, judged by the exact posterior, in the folder `name`. */
function run(name: string, change: Partial<EvaluationRun> = {}) {
  return runEvaluation({
    config,
    folder: join(root, name),
    posterior: 'exact',
    strategies: ['observational', 'random'],
    backend: 'test',
    resume: false,
    interrupt: interruptAfter(Number.POSITIVE_INFINITY),
    quiet: true,
    ...change,
  });
}

async function finished(name: string, change: Partial<EvaluationRun> = {}) {
  const outcome = await run(name, change);
  if (outcome.status !== 'finished') throw new Error('interrupted');
  return outcome;
}

const rowsOf = (rows: readonly ResultRow[], environment: string) =>
  rows.filter((row) => row.environment === environment);

describe('what is evaluated', () => {
  test('the reference joins the strategies, the others are compared with it, and the number side by side changes nothing', async () => {
    const { summary } = await finished('a', { strategies: ['random-full'] });
    expect([...new Set(summary.results.map(({ strategy }) => strategy))]).toEqual(['random-full', 'random']);
    expect(new Set(summary.differences.map(({ strategy }) => strategy))).toEqual(new Set(['random-full']));
    expect(new Set(summary.differences.map(({ reference }) => reference))).toEqual(new Set(['random']));
    const other = await finished('b', { strategies: ['random-full'], config: configOf('evaluation.batchSize=3') });
    expect(other.summary).toEqual(summary);
    const reseeded = await finished('c', { strategies: ['random-full'], config: configOf('evaluation.seed=2') });
    expect(reseeded.summary).not.toEqual(summary);
  });

  test('a setting has the figures that it has alone, and not those of another one', async () => {
    const names = ['training', 'shift-interventions'];
    const both = await finished('both', { environments: names });
    for (const name of names) {
      const alone = await finished(name, { environments: [name] });
      expect(rowsOf(both.summary.results, name)).toEqual(alone.summary.results);
      expect(alone.summary.results.length).toBeGreaterThan(0);
    }
    const [training, shifted] = names.map((name) =>
      rowsOf(both.summary.results, name).map(({ environment, ...row }) => row),
    );
    expect(training).not.toEqual(shifted);
  });

  test('other posteriors that are exact there show the limit, unless none are wanted', async () => {
    const metricsOf = async (name: string, change: Partial<EvaluationRun>) => {
      const { summary } = await finished(name, change);
      return new Set(summary.results.map(({ metric }) => metric));
    };
    const auto = await metricsOf('auto', {});
    expect(auto).toContain('return/scale-free');
    expect(auto).not.toContain('return/exact');
    const none = await metricsOf('none', { config: configOf('evaluation.limits=none') });
    expect([...none].filter((metric) => metric.includes('/'))).toEqual([]);
  });

  test('a policy comes first, in both modes, and is recorded', async () => {
    const policy = new DesignPolicy(config.policy, 2, new RandomStream('policy'));
    const card = { step: 0, metrics: {}, environment: config.environment, seed: 1 };
    await savePolicy(join(root, 'policy'), policy, card);
    policy.dispose();
    const { summary } = await finished('with', { policy: join(root, 'policy'), strategies: undefined });
    const [first, second] = [...new Set(summary.results.map(({ strategy }) => strategy))];
    expect([first, second]).toEqual(['policy', 'policy-deterministic']);
    const returns = (strategy: string) =>
      summary.results.filter((row) => row.strategy === strategy && row.metric === 'return').map(({ mean }) => mean);
    expect(returns('policy')).not.toEqual(returns('policy-deterministic'));
    const record = JSON.parse(readFileSync(join(root, 'with', 'evaluation.json'), 'utf8'));
    expect(record).toMatchObject({ posterior: 'exact', policy: join(root, 'policy'), backend: 'test' });
  });

  test('unknown strategies and settings are refused before a folder is made', async () => {
    await expect(run('bad', { strategies: ['best'] })).rejects.toThrow("unknown strategy 'best'");
    await expect(run('bad', { environments: ['elsewhere'] })).rejects.toThrow("unknown setting 'elsewhere'");
    expect(existsSync(join(root, 'bad'))).toBe(false);
  });
});

describe('resuming', () => {
  test('interrupted, it keeps what is done, and ends with the figures of a straight run', async () => {
    const straight = await finished('straight');
    expect((await run('stopped', { interrupt: interruptAfter(2) })).status).toBe('interrupted');
    const partial = join(root, 'stopped', 'partial-scores.json');
    expect(existsSync(partial)).toBe(true);
    expect(existsSync(join(root, 'stopped', 'results.json'))).toBe(false);
    const resumed = await finished('stopped', { resume: true });
    expect(resumed.summary).toEqual(straight.summary);
    expect(existsSync(partial)).toBe(false);
  });

  test('a finished evaluation is read, not repeated, as long as it is the same one', async () => {
    const first = await finished('done');
    const stopAtOnce = { resume: true, interrupt: interruptAfter(0) };
    expect(await run('done', stopAtOnce)).toEqual({ ...first, summary: expect.anything() });
    expect((await finished('done', stopAtOnce)).summary.results).toEqual(first.summary.results);
    const faster = configOf('evaluation.batchSize=1');
    expect((await run('done', { ...stopAtOnce, config: faster })).status).toBe('finished');
    for (const change of [
      { config: configOf('evaluation.seed=2') },
      { config: configOf('environment.budget=1') },
      { posterior: 'scale-free' },
      { backend: 'other' },
      { strategies: ['random'] },
      { environments: ['shift-interventions'] },
      { resume: false },
    ])
      expect((await run('done', { ...stopAtOnce, ...change })).status, JSON.stringify(change)).toBe('interrupted');
  });
});
