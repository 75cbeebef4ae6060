import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callCli, interruptCli, runCli } from './run-cli.js';

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
  'learner=[branched-gradient]',
  '--vary',
  'policy.head.kind=[single, bernoulli]',
  '--set',
  'branchedGradient.updates=2',
  '--set',
  'branchedGradient.groups=2',
  '--set',
  'branchedGradient.validation.systems=4',
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
  ['a value that cannot be', ['--vary', 'training.batchSize=[0]'], /training\.batchSize/],
  ['a range without draws', ['--vary', 'training.discount={ from: 0.5, to: 1 }'], /--draws/],
  ['both posteriors', ['--vary', 'seed=[1]', '--pretrain', '--posterior', 'x'], /--posterior or --pretrain, not both/],
  ['no posterior', ['--vary', 'seed=[1]', '--posterior', '/nowhere'], /there is no such folder/],
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
  const other = await callCli([...sweepArgs('two'), '--seeds', '3', '--resume']);
  expect(other.stderr).toMatch(/the sweep was started with other options/);
});
