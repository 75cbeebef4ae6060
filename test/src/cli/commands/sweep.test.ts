import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readMetrics } from '../../../../core/run/run-folder.js';
import type { LearningPanel } from '../../../../src/evaluation/report/learning-curves.js';
import type { ResultRow } from '../../../../src/evaluation/scores/summary.js';
import { callCli, interruptCli, runCli } from '../run-cli.js';

let root = '';
const at = (...parts: string[]): string => join(root, ...parts);
const experiment = ['--preset', 'smoke', '--backend', 'wasm'];
const smallEvaluation = ['--set', 'evaluation.systems=8', '--set', 'evaluation.strategies=[random, round-robin-full]'];
const sweepArgs = (folder: string) => [
  'sweep',
  ...experiment,
  ...smallEvaluation,
  '--posterior',
  at('posterior'),
  '--out',
  at(folder),
  '--vary',
  'learner.objective=[final]',
  '--vary',
  'policy.head.kind=[single, bernoulli]',
  '--set',
  'learner.kind=branched-gradient',
  '--set',
  'learner.updates=2',
  '--set',
  'learner.groups=2',
  '--set',
  'learner.validation.systems=4',
];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-sweep-'));
  const { status, stderr } = await callCli(['pretrain', ...experiment, '--quiet', '--out', at('posterior')]);
  if (status !== 0) throw new Error(stderr);
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('two configurations and two seeds give one table; asked again, nothing is repeated', () => {
  const { status, stdout, stderr } = runCli([...sweepArgs('two'), '--seeds', '2', '--processes', '2', '--json']);
  expect(stderr).not.toMatch(/failed/);
  expect(status).toBe(0);
  const { rows } = JSON.parse(stdout);
  expect(rows).toHaveLength(4);
  for (const row of rows) {
    expect(row.return.seeds).toBe(2);
    expect(row.return.ci95[0]).toBeLessThanOrEqual(row.return.mean);
    expect(row.return.ci95[1]).toBeGreaterThanOrEqual(row.return.mean);
    expect(row.overBestSimple.mean).toBeLessThan(9);
    expect(['random', 'round-robin-full']).toContain(row.bestSimple);
  }
  expect(new Set(rows.map((row: { values: object }) => JSON.stringify(row.values))).size).toBe(2);
  const weights = at('two', 'trial-001', 'seed-2', 'policy', 'checkpoints', 'best', 'manifest.json');
  const before = statSync(weights).mtimeMs;
  const again = runCli([...sweepArgs('two'), '--seeds', '2', '--resume']);
  expect(again.status).toBe(0);
  expect(again.stdout).toMatch(/over best simple/);
  expect(again.stdout).toMatch(/bernoulli/);
  expect(statSync(weights).mtimeMs).toBe(before);
});

describe('learning curves', () => {
  const figure = (folder: string): LearningPanel[] => JSON.parse(readFileSync(at(folder, 'curves.json'), 'utf8'));

  test('are the means of what the runs logged, beside the strategies that they were evaluated with', () => {
    const [panel, ...others] = figure('two');
    expect(others).toEqual([]);
    expect(panel!.curves.map(({ label }) => label)).toEqual(['head.kind=single', 'head.kind=bernoulli']);
    const last = ['seed-1', 'seed-2'].map((seed) => readMetrics(at('two', 'trial-001', seed, 'policy')).at(-1)!);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const { step, minutes, mean: value, seeds } = panel!.curves[0]!.points.at(-1)!;
    expect([step, seeds]).toEqual([2, 2]);
    expect(minutes).toBeCloseTo(mean(last.map((line) => line['time/processorMinutes']!)), 10);
    expect(value).toBeCloseTo(mean(last.map((line) => line['heldOut/return']!)), 10);
    const results = JSON.parse(readFileSync(at('two', 'trial-001', 'seed-1', 'evaluation', 'results.json'), 'utf8'));
    const random = results.find((row: ResultRow) => row.strategy === 'random' && row.round === 2);
    expect(panel!.lines.map(({ strategy }) => strategy)).toEqual(['round-robin-full', 'random']);
    // All runs were evaluated on the same systems under the same posterior.
    expect(panel!.lines[1]!.mean).toBeCloseTo(random.mean, 10);
    expect(readFileSync(at('two', 'curves.csv'), 'utf8').split('\n')[1]).toMatch(/^.*,validation,head\.kind=single,/);
    expect(readFileSync(at('two', 'curves.svg'), 'utf8')).toContain('head.kind=bernoulli');
  });

  test('of several sweeps are joined by report, other budgets in panels of their own', async () => {
    const other = runCli([...sweepArgs('longer'), '--set', 'environment.budget=3', '--seeds', '1', '--quiet']);
    expect(other.status).toBe(0);
    const args = ['report', '--curves', at('two'), at('longer'), '--out', at('joined', 'both.svg')];
    const { status, stdout } = await callCli(args);
    expect(status).toBe(0);
    expect(stdout).toBe(
      `Learning curves: ${['json', 'csv', 'svg'].map((end) => at('joined', `both.${end}`)).join(', ')}\n`,
    );
    const panels: LearningPanel[] = JSON.parse(readFileSync(at('joined', 'both.json'), 'utf8'));
    expect(panels.map(({ title }) => title)).toEqual([
      '3 variables, 4 initial rows, 2 experiments',
      '3 variables, 4 initial rows, 3 experiments',
    ]);
    expect(panels.map(({ curves }) => curves.map(({ points }) => points[0]!.seeds))).toEqual([
      [2, 2],
      [1, 1],
    ]);
    const printed = await callCli([...args, '--json']);
    expect(JSON.parse(printed.stdout).panels).toEqual(panels);
  });

  test.each([
    [
      'no sweep',
      () => ['--curves', at('posterior'), '--out', at('x.svg')],
      /there is no sweep here \(no sweep\.json\); name/,
    ],
    ['no file', () => ['--curves', at('two')], /the figure needs a file; name it with --out FILE\.svg/],
    ['a folder for a file', () => ['--curves', at('two'), '--out', at('x')], /name it with --out FILE\.svg/],
    ['neither results nor sweeps', () => [], /name the results\.json of one evaluation, or the folders of sweeps/],
    ['both', () => [at('two', 'results.json'), '--curves', at('two')], /with --curves, not both/],
  ])('%s: one sentence, nothing written', async (_, args, message) => {
    const { status, stdout, stderr } = await callCli(['report', ...args()]);
    expect(stderr).toMatch(message);
    expect([status, stdout]).toEqual([2, '']);
    expect(existsSync(at('x.svg'))).toBe(false);
  });

  test('runs that logged no processor time have no curve', async () => {
    cpSync(at('longer'), at('old'), { recursive: true });
    for (const trial of ['trial-001', 'trial-002']) {
      const path = at('old', trial, 'seed-1', 'policy', 'metrics.jsonl');
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/,"time\/processorMinutes":[^,}]*/g, ''));
    }
    const { status, stderr } = await callCli(['report', '--curves', at('old'), '--out', at('x.svg')]);
    expect(stderr).toMatch(/no finished run in .* has logged its held-out return and processor minutes; run/);
    expect(status).toBe(2);
  });
});

test('interrupted, it stops cleanly and continues to the figures of the straight run', async () => {
  const folder = 'stopped';
  const stopped = await interruptCli([...sweepArgs(folder), '--seeds', '1', '--processes', '1'], {
    isReady: () => existsSync(at(folder, 'trial-001', 'seed-1', 'policy', 'run.json')),
    signal: 'SIGTERM',
  });
  expect(stopped.status).toBe(0);
  expect(stopped.stdout).toMatch(/stopped and saved in .*; continue with --resume/);
  const resumed = runCli([...sweepArgs(folder), '--seeds', '1', '--resume', '--json', '--quiet']);
  expect(resumed.status).toBe(0);
  const figures = (path: string) => readFileSync(at(path, 'trial-002', 'seed-1', 'evaluation', 'results.json'), 'utf8');
  expect(figures(folder)).toBe(figures('two'));
});

test('a run that fails is reported and the others go on', () => {
  const args = sweepArgs('failing').map((arg) => (arg.startsWith('policy.head.kind=') ? 'policy.heads=[2, 3]' : arg));
  const { status, stdout, stderr } = runCli([...args, '--seeds', '1', '--json']);
  expect(stderr).toMatch(/trial 2, seed 1: failed: .*'width' 8 is not divisible by 'heads' 3/);
  expect(JSON.parse(stdout).rows).toHaveLength(2);
  expect(status).toBe(1);
});

test.each([
  ['nothing varies', ['--out', 'x'], /nothing varies; name an option/],
  ['an unknown option', ['--vary', 'policy.hed=[1]'], /unknown option 'policy\.hed'; did you mean 'policy\.head'\?/],
  ['a value that cannot be', ['--vary', 'learner.batchSize=[0]'], /learner\.batchSize/],
  ['a range without draws', ['--vary', 'learner.discount={ from: 0.5, to: 1 }'], /--draws/],
  [
    'both posteriors',
    ['--vary', 'policy.heads=[1]', '--pretrain', '--posterior', 'x'],
    /--posterior or --pretrain, not both/,
  ],
  ['no posterior', ['--vary', 'policy.heads=[1]', '--posterior', '/nowhere'], /there is no such folder/],
])('%s: one sentence before anything runs', async (_, args, message) => {
  const { status, stderr, stdout } = await callCli(['sweep', ...experiment, '--out', at('never'), ...args]);
  expect(stderr).toMatch(message);
  expect([status, stdout]).toEqual([2, '']);
  expect(existsSync(at('never'))).toBe(false);
});

test('a folder with something else, or with another sweep, is left alone', async () => {
  const occupied = await callCli([...sweepArgs('posterior'), '--seeds', '1']);
  expect([occupied.status, occupied.stderr]).toEqual([2, expect.stringMatching(/holds something else/)]);
  const repeated = await callCli([...sweepArgs('two'), '--seeds', '2']);
  expect(repeated.stderr).toMatch(/a sweep is there already; continue it with --resume/);
  const other = await callCli([...sweepArgs('two'), '--set', 'environment.budget=3', '--seeds', '2', '--resume']);
  expect(other.stderr).toMatch(
    /started with another configurations \(then set of configurations, .*; go on with the same/,
  );
});
