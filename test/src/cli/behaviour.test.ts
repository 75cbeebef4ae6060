import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BehaviourRow } from '../../../src/evaluation/behaviour/behaviour-summary.js';
import { callCli } from './run-cli.js';

let root = '';
const at = (...parts: string[]): string => join(root, ...parts);
const smoke = ['--preset', 'smoke', '--backend', 'wasm', '--quiet'];
const knockouts = [
  ...smoke,
  '--set',
  'environment.prior={ kind: sergio, variables: 3 }',
  '--set',
  'environment.interventionKind=knockout',
];
const knockoutTraining = [
  ...knockouts,
  '--set',
  'policy.head.kind=subset',
  '--set',
  'learner.kind=branched-gradient',
  '--set',
  'learner.updates=1',
  '--set',
  'learner.groups=2',
  '--set',
  'learner.validation.systems=4',
];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-behaviour-'));
  for (const [name, options] of Object.entries({ do: smoke, knockout: knockoutTraining })) {
    const { status, stderr } = await callCli(['quickstart', ...options, '--out', at(name)]);
    if (status !== 0) throw new Error(stderr);
  }
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const models = (name: string) => ['--posterior', at(name, 'posterior'), '--policy', at(name, 'policy')];
const read = (...parts: string[]): string => readFileSync(at(...parts), 'utf8');

test('do-interventions: four files with the same figures, tables on standard output', async () => {
  const out = at('do', 'behaviour');
  const args = ['behaviour', ...smoke, ...models('do'), '--systems', '6', '--examples', '2', '--out', out];
  const { status, stdout, stderr } = await callCli(args);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('Behaviour on 6 held-out systems, mean over 2 experiments');
  expect(stdout).toContain('decided by the history');
  expect(stdout).toContain(['json', 'csv', 'svg', 'html'].map((end) => join(out, `behaviour.${end}`)).join(', '));
  const study = JSON.parse(read('do', 'behaviour', 'behaviour.json'));
  expect(study.strategies).toEqual(['policy', 'round-robin-full', 'random-full']);
  for (const input of ['policy', 'posterior']) {
    const checkpoint = at('do', input, 'checkpoints', 'best');
    const { manifestSha256 } = JSON.parse(readFileSync(join(checkpoint, 'manifest.json'), 'utf8'));
    expect(study.inputs[input]).toEqual({ source: checkpoint, identity: manifestSha256 });
  }
  const roundRobin: BehaviourRow[] = study.rows.filter((row: BehaviourRow) => row.strategy === 'round-robin-full');
  const meanOf = (metric: string, round: number | null) =>
    roundRobin.find((row) => row.metric === metric && row.round === round)?.mean;
  expect([meanOf('targets', 1), meanOf('valueStrength', null), meanOf('repeats', 2)]).toEqual([1, 1, 0]);
  expect(meanOf('variablesTried', 2)).toBe(2);
  const ranks = [1, 2, 3].map((rank) => meanOf(`targetRank${rank}`, 2) ?? 0);
  expect(ranks.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 10);
  expect(study.adaptivity).toHaveLength(2);
  expect(study.examples.map(({ system }: { system: number }) => system)).toEqual([0, 1]);
  const { plays } = study.examples[0];
  expect(plays[1].rounds[0].values.map(Math.abs)).toEqual([1]);
  expect([plays[0].rounds[0].uncertainty, plays[0].edgeProbabilities[2]].map((own) => own.length)).toEqual([3, 3]);
  expect(read('do', 'behaviour', 'behaviour.csv').trimEnd().split('\n')).toHaveLength(study.rows.length + 1);
  const page = read('do', 'behaviour', 'behaviour.html');
  expect(page.match(/<figure/g)).toHaveLength(4);
  expect(page).not.toMatch(/<script|<link|src=|@import|url\(|NaN/);
});

test('knockouts have no values; the systems and returns are those of an evaluation', async () => {
  const args = ['behaviour', ...knockouts, ...models('knockout'), '--mode', 'deterministic', '--json'];
  const { status, stdout } = await callCli([...args, '--out', at('knockout', 'behaviour')]);
  expect(status).toBe(0);
  const study = JSON.parse(stdout);
  expect(study.strategies[0]).toBe('policy-deterministic');
  expect(study.adaptivity).toEqual([]);
  expect(study.systems).toBe(8);
  expect(study.rows.some(({ metric }: BehaviourRow) => metric === 'valueStrength')).toBe(false);
  expect(study.examples[0].plays[0].rounds[0]).toMatchObject({ kind: 'knockout', values: [] });
  const results = JSON.parse(read('knockout', 'evaluation', 'results.json'));
  const returnAt = (strategy: string, round: number) =>
    results.find((row: Record<string, unknown>) => {
      return row.strategy === strategy && row.metric === 'return' && row.round === round;
    }).mean;
  for (const strategy of study.strategies) {
    const gain = study.rows.find((row: BehaviourRow) => {
      return row.strategy === strategy && row.metric === 'gain' && row.round === 2;
    });
    expect(gain.mean).toBeCloseTo(returnAt(strategy, 2) - returnAt(strategy, 1), 10);
  }
});

describe('bad input: one sentence, nothing written', () => {
  test.each([
    ['no posterior', () => [...smoke, '--posterior', at('none')], /there is no such folder; train one with .*pretrain/],
    [
      'no policy',
      () => [...smoke, '--posterior', at('do', 'posterior'), '--policy', at('none')],
      /name it with --policy/,
    ],
    [
      'a posterior for a policy',
      () => [...smoke, ...models('do'), '--policy', at('do', 'posterior')],
      /graph-posterior/,
    ],
    [
      'no experiments',
      () => [...smoke, ...models('do'), '--set', 'environment.budget=0'],
      /0 experiments show no behaviour/,
    ],
    ['no systems', () => [...smoke, ...models('do'), '--systems', '0'], /positive whole number/],
    [
      'an unknown mode',
      () => [...smoke, ...models('do'), '--mode', 'greedy'],
      /Allowed choices are stochastic, determin/,
    ],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await callCli(['behaviour', ...args(), '--out', at('never')]);
    expect(stderr).toMatch(message);
    expect([status, stdout]).toEqual([2, '']);
    expect(existsSync(at('never'))).toBe(false);
  });
});
