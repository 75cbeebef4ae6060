import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCheckpointManifest } from '../../../core/checkpoint/manifest.js';
import { fileInput } from '../../../core/run/run-inputs.js';
import { OWN_SYSTEMS } from '../../own-systems/own-systems.js';
import { callCli, runCli } from './run-cli.js';

// Training and evaluation on systems of a user's own, one command after another as a user calls them.

let root = '';
const at = (...parts: string[]): string => join(root, ...parts);
const smoke = ['--preset', 'smoke', '--backend', 'wasm', '--quiet'];
const own = [...smoke, '--module', OWN_SYSTEMS];
const models = () => ['--posterior', at('posterior'), '--policy', at('policy')];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-own-'));
  // The built program, since its worker threads have to find the module, too.
  const { status, stderr } = runCli(['pretrain', ...own, '--out', at('posterior')]);
  if (status !== 0) throw new Error(stderr);
  const trained = await callCli(['train', ...own, '--posterior', at('posterior'), '--out', at('policy')]);
  if (trained.status !== 0) throw new Error(trained.stderr);
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('--module', () => {
  test('the same module gives the environment that env check takes', async () => {
    const { status, stdout } = await callCli(['env', 'check', '--module', OWN_SYSTEMS]);
    expect(stdout).toContain('keeps the contract');
    expect(status).toBe(0);
  });

  test.each(['posterior', 'policy'])('the %s is bound to it by hash and names no code in its configuration', (part) => {
    const { inputs } = JSON.parse(readFileSync(at(part, 'run.json'), 'utf8'));
    expect(inputs.module).toEqual(fileInput(OWN_SYSTEMS));
    expect(readCheckpointManifest(at(part, 'checkpoints', 'best')).metadata).toMatchObject({
      environment: { prior: { kind: 'module', variables: 3 } },
      inputs: { module: fileInput(OWN_SYSTEMS) },
    });
    expect(readFileSync(at(part, 'config.yaml'), 'utf8')).not.toContain('chains');
  });

  test('workers simulate the systems that this thread would', async () => {
    const workers = ['--set', 'backend.simulationWorkers=0', '--out', at('without-workers')];
    expect(await callCli(['pretrain', ...own, ...workers])).toMatchObject({ status: 0 });
    const weights = (run: string) => readFileSync(at(run, 'checkpoints', 'last', 'weights.safetensors'));
    expect(weights('without-workers')).toEqual(weights('posterior'));
  });

  test('evaluate plays systems of the module, has no exact reader for them and records which module it was', async () => {
    const strategies = ['--strategies', 'policy,random-single', '--json', '--out', at('evaluation')];
    const { status, stdout } = await callCli(['evaluate', ...own, ...models(), ...strategies]);
    expect(status).toBe(0);
    const { results } = JSON.parse(stdout);
    expect(new Set(results.map(({ strategy }: { strategy: string }) => strategy))).toEqual(
      new Set(['policy', 'random-single', 'random']),
    );
    expect(results.some(({ metric }: { metric: string }) => metric.includes('exact'))).toBe(false);
    expect(JSON.parse(readFileSync(at('evaluation', 'evaluation.json'), 'utf8')).module).toEqual(
      fileInput(OWN_SYSTEMS),
    );
  });

  test('a run goes on from its own configuration', async () => {
    const args = ['--config', at('posterior', 'config.yaml'), '--module', OWN_SYSTEMS, '--quiet', '--resume'];
    const { status, stderr } = await callCli(['pretrain', ...args, '--out', at('posterior')]);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});

describe('refused with one sentence and exit code 2', () => {
  const changed = () => {
    const path = at('changed.mjs');
    copyFileSync(OWN_SYSTEMS, path);
    const text = readFileSync(path, 'utf8').replace("'causal-pilot'", JSON.stringify(resolve('dist/src/index.js')));
    writeFileSync(path, text);
    appendFileSync(path, '// changed');
    return path;
  };
  const file = (name: string, text: string) => {
    writeFileSync(at(name), text);
    return at(name);
  };

  test.each<readonly [string, () => readonly string[], RegExp]>([
    [
      'another module on resuming',
      () => ['pretrain', ...smoke, '--module', changed(), '--out', at('posterior'), '--resume'],
      /started with another module/,
    ],
    [
      'no module on resuming',
      () => ['pretrain', ...smoke, '--out', at('posterior'), '--resume'],
      /started with another module .*now none that is known/,
    ],
    [
      'an option of the prior beside it',
      () => ['pretrain', ...own, '--set', 'environment.prior.graph.degree=2'],
      /--set environment\.prior\.graph\.degree=2: environment\.prior is not read, since --module makes the systems/,
    ],
    [
      'a prior in the file beside it',
      () => [
        'pretrain',
        '--config',
        file('prior.yaml', 'extends: smoke\nenvironment:\n  prior: { variables: 3 }\n'),
        '--module',
        OWN_SYSTEMS,
      ],
      /prior\.yaml:3:\d+: environment\.prior is not read/,
    ],
    [
      'other sizes than its own',
      () => ['pretrain', ...own, '--set', 'posterior.data.sizes=[3, 4]', '--out', at('never')],
      /variables: 4, but the systems of .* have 3/,
    ],
    [
      'exact labels',
      () => ['pretrain', ...own, '--set', 'posterior.training.labels=exact', '--out', at('never')],
      /posterior\.training\.labels: 'exact' ones do not exist here/,
    ],
    [
      'an exact posterior',
      () => ['train', ...own, '--posterior', 'exact', '--out', at('never')],
      /posterior 'exact': nothing says how the systems of a module of your own work; use a learned posterior/,
    ],
    [
      'a planner that plans with an exact posterior',
      () => ['evaluate', ...own, ...models(), '--strategies', 'lookahead', '--out', at('never')],
      /posterior 'exact': nothing says/,
    ],
    [
      'the goal task',
      () => ['evaluate', '--task', 'goal', '--preset', 'civ-figure5', '--module', OWN_SYSTEMS],
      /--module: the goal task does not have this option/,
    ],
    [
      'a shifted setting',
      () => ['evaluate', ...own, ...models(), '--environments', 'scale-free', '--out', at('never')],
      /unknown setting 'scale-free'; choose among training/,
    ],
    [
      'a module without a prior',
      () => ['train', ...smoke, '--module', file('none.mjs', 'export default () => 1;')],
      /none\.mjs: it must export a function 'makePrior'/,
    ],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await callCli(args());
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  test('a configuration of systems that a module makes, without one', () => {
    // A process of its own: this one was given the module already.
    const { status, stdout, stderr } = runCli([
      'pretrain',
      '--config',
      at('posterior', 'config.yaml'),
      '--out',
      at('no'),
    ]);
    expect(stderr).toMatch(/^causal-pilot: environment\.prior\.kind: .* name their file with --module.*\n$/);
    expect([status, stdout]).toEqual([2, '']);
  });
});
