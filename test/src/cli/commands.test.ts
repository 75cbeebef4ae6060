import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ResultRow } from '../../../src/evaluation/scores/summary.js';
import { softwareDeviceIsUsable } from '../../core/cuda/software-device.js';
import { callCli, interruptCli, runCli } from './run-cli.js';

let root = '';
let trained = '';
const at = (...parts: string[]): string => join(root, ...parts);
const smoke = ['--preset', 'smoke', '--backend', 'wasm', '--quiet'];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-cli-'));
  trained = at('quickstart');
  const { status, stderr } = runCli(['quickstart', ...smoke, '--out', trained]);
  if (status !== 0) throw new Error(stderr);
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const models = () => ['--posterior', join(trained, 'posterior'), '--policy', join(trained, 'policy')];

describe('help', () => {
  test.each([
    [[]],
    [['quickstart']],
    [['pretrain']],
    [['train']],
    [['evaluate']],
    [['behaviour']],
    [['sweep']],
    [['report']],
    [['env', 'check']],
    [['config', 'schema']],
    [['config', 'explain']],
    [['config', 'show']],
    [['doctor']],
  ])('%j --help has an example and ends well', async (command) => {
    const { status, stdout } = await callCli([...command, '--help']);
    expect(stdout).toContain('Example:\n  causal-pilot');
    expect(status).toBe(0);
  });

  test('--version is the version of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect((await callCli(['--version'])).stdout).toBe(`${version}\n`);
  });
});

test('an experiment that asks for an exact posterior trains none and is judged by it', async () => {
  const args = ['--set', 'posterior.source=exact', '--json', '--out', at('exact')];
  const { status, stdout } = await callCli(['quickstart', ...smoke, ...args]);
  expect(status).toBe(0);
  expect(Object.keys(JSON.parse(stdout).seconds)).toEqual(['policy', 'evaluation']);
  expect(JSON.parse(readFileSync(at('exact', 'evaluation', 'evaluation.json'), 'utf8')).posterior).toBe('exact');
});

describe('quickstart', () => {
  test('called again, it repeats no work and prints tables, differences and time', async () => {
    const before = readFileSync(join(trained, 'posterior', 'metrics.jsonl'), 'utf8');
    const { status, stdout } = await callCli(['quickstart', ...smoke, '--out', trained]);
    expect(status).toBe(0);
    expect(stdout).toContain('structure task, training environment: after 2 experiments on 8 systems');
    expect(stdout).toMatch(
      /policy - random targets, random values \(reference.*\): [+-]?\d+\.\d\d \[.*\] in return on 8/,
    );
    expect(stdout).toContain('best simple strategy');
    expect(stdout).toMatch(/Time: .* in all \(graph posterior .*, policy .*, evaluation .*\)/);
    expect(readFileSync(join(trained, 'posterior', 'metrics.jsonl'), 'utf8')).toBe(before);
  });

  test('--json prints the same figures as the results file', () => {
    const { stdout, status } = runCli(['quickstart', ...smoke, '--out', trained, '--json']);
    expect(status).toBe(0);
    const printed = JSON.parse(stdout);
    expect(printed.results).toEqual(JSON.parse(readFileSync(join(trained, 'evaluation', 'results.json'), 'utf8')));
    expect(printed.headlines.length).toBeGreaterThanOrEqual(2);
    expect(Object.keys(printed.seconds)).toEqual(['graph posterior', 'policy', 'evaluation']);
  });

  test.each([
    ['one variable', 'environment.prior.variables=1'],
    ['no initial rows', 'environment.initialRows=0'],
    ['empty graphs', 'environment.prior.graph.degree=0'],
  ])('%s: works', async (name, setting) => {
    const { status, stdout, stderr } = await callCli(['quickstart', ...smoke, '--set', setting, '--out', at(name)]);
    expect(stderr).toBe('');
    expect(stdout).toContain('structure task');
    expect(stdout).not.toContain('NaN');
    expect(status).toBe(0);
  });
});

test('T = 0: there is nothing to learn for a policy, which is said; a posterior and an evaluation work', async () => {
  const none = [...smoke, '--set', 'environment.budget=0'];
  const stopped = await callCli(['quickstart', ...none, '--out', at('none')]);
  expect(stopped.stderr).toMatch(/^causal-pilot: .*'environment\.budget' of at least 1, got 0\n$/);
  expect(stopped.status).toBe(2);
  const posterior = ['--posterior', at('none', 'posterior'), '--policy', join(trained, 'policy')];
  const { status, stdout } = await callCli(['evaluate', ...none, ...posterior, '--out', at('none', 'evaluation')]);
  expect(stdout).toContain('after 0 experiments on 8 systems');
  expect(stdout).not.toContain('NaN');
  expect(status).toBe(0);
});

describe('evaluate', () => {
  const evaluate = (...args: string[]) => callCli(['evaluate', ...smoke, ...models(), ...args]);

  test('gives the figures of the quickstart, whichever strategies are asked for', async () => {
    const { status, stdout } = await evaluate('--strategies', 'random-full,policy', '--out', at('some'), '--json');
    expect(status).toBe(0);
    const rows: ResultRow[] = JSON.parse(stdout).results;
    const all: ResultRow[] = JSON.parse(readFileSync(join(trained, 'evaluation', 'results.json'), 'utf8'));
    expect([...new Set(rows.map(({ strategy }) => strategy))]).toEqual(['random-full', 'policy', 'random']);
    for (const row of rows) expect(all).toContainEqual(row);
  });

  test('options of planners are read where --strategies names one, and refused where it names none', async () => {
    const fast = ['--set', 'evaluation.lookahead.evaluations=8', '--set', 'evaluation.systems=4', '--json'];
    const plan = ['--strategies', 'lookahead', '--out', at('planned')];
    const { status, stdout, stderr } = await evaluate(...plan, ...fast);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const rows: ResultRow[] = JSON.parse(stdout).results;
    expect([...new Set(rows.map(({ strategy }) => strategy))]).toEqual(['lookahead', 'random']);
    const refused = await evaluate('--strategies', 'random', '--set', 'evaluation.strategies=[lookahead]', ...fast);
    expect(refused.stderr).toContain(
      'evaluation.lookahead.evaluations: nothing in this run reads it: no strategy plans',
    );
    expect(refused.status).toBe(2);
  });

  test('out of distribution: one block of rows per setting', async () => {
    const environments = 'training,scale-free,variables-15';
    const { status } = await evaluate('--environments', environments, '--strategies', 'random', '--out', at('ood'));
    expect(status).toBe(0);
    const rows: ResultRow[] = JSON.parse(readFileSync(at('ood', 'results.json'), 'utf8'));
    expect([...new Set(rows.map(({ environment }) => environment))].join()).toBe(environments);
    for (const row of rows) expect(row.ci95).toHaveLength(2);
    expect(readFileSync(at('ood', 'report.html'), 'utf8')).toContain('variables-15 environment');
  });

  test('without a policy, the simple strategies remain and this is said', async () => {
    const args = ['evaluate', ...smoke, '--posterior', join(trained, 'posterior'), '--out', at('simple')];
    const { status, stdout, stderr } = runCli(args, { cwd: root });
    expect(stderr).toContain('only strategies without training are evaluated');
    expect(stdout).toContain('round-robin, full strength');
    expect(stdout).not.toContain('\npolicy');
    expect(status).toBe(0);
  });

  test('a resumed finished evaluation is not repeated', async () => {
    await evaluate('--strategies', 'random', '--out', at('twice'));
    const path = at('twice', 'results.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"n":8', '"n":7'));
    const { stdout } = await evaluate('--strategies', 'random', '--out', at('twice'), '--resume', '--json');
    expect(JSON.parse(stdout).results[0].n).toBe(7);
  });
});

describe('report', () => {
  test('rebuilds curves and page from the results', async () => {
    const results = join(trained, 'evaluation', 'results.json');
    const { status, stdout } = await callCli(['report', results, '--out', at('report'), '--title', 'Rebuilt']);
    expect(status).toBe(0);
    expect(stdout).toContain('structure task, training environment');
    expect(readFileSync(at('report', 'report.html'), 'utf8')).toContain('<h1>Rebuilt</h1>');
    const rebuilt = readFileSync(at('report', 'curves.svg'), 'utf8');
    expect(rebuilt).toBe(readFileSync(join(trained, 'evaluation', 'curves.svg'), 'utf8'));
  });

  test('refuses a file that holds no results', async () => {
    const { status, stderr } = await callCli(['report', join(trained, 'time.json')]);
    expect(stderr).toMatch(/^causal-pilot: .*time\.json: not a results file.*\n$/);
    expect(status).toBe(2);
  });
});

describe('interruption', () => {
  test('SIGTERM saves and exits with 0; --resume goes on from there', async () => {
    const folder = at('long');
    const args = ['pretrain', ...smoke, '--set', 'posterior.training.steps=1000000', '--out', folder];
    const metrics = join(folder, 'metrics.jsonl');
    const lines = () => (existsSync(metrics) ? readFileSync(metrics, 'utf8').split('\n').length : 0);
    const first = await interruptCli(args, { isReady: () => lines() > 2, signal: 'SIGTERM' });
    expect(first.status).toBe(0);
    const step = Number(/stopped at step (\d+)/.exec(first.stdout)?.[1]);
    expect(step).toBeGreaterThan(0);
    const kept = lines();
    const second = await interruptCli([...args, '--resume'], { isReady: () => lines() > kept + 2, signal: 'SIGINT' });
    expect(second.status).toBe(0);
    expect(Number(/stopped at step (\d+)/.exec(second.stdout)?.[1])).toBeGreaterThan(step);
  });
});

describe('config', () => {
  test('schema is a JSON Schema with every section', async () => {
    const { properties } = JSON.parse((await callCli(['config', 'schema'])).stdout);
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(['environment', 'posterior', 'learner']));
  });

  test('explain limits itself to a section; an unknown one is named', async () => {
    const { stdout } = await callCli(['config', 'explain', 'evaluation']);
    expect(stdout).toContain('evaluation.systems: integer >= 1');
    expect(stdout).not.toContain('learner.discount');
    expect(JSON.parse((await callCli(['config', 'explain', 'seed', '--json'])).stdout)).toHaveLength(1);
    const { status, stderr } = await callCli(['config', 'explain', 'nonsense']);
    expect(stderr).toContain("there is no option 'nonsense'");
    expect(status).toBe(2);
  });

  test('show fills in defaults and overrides', async () => {
    const { stdout } = await callCli(['config', 'show', '--preset', 'smoke', '--set', 'seed=7', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ seed: 7, environment: { budget: 2, valueRange: 1 } });
    expect((await callCli(['config', 'show', '--preset', 'smoke'])).stdout).toContain('  budget: 2\n');
  });

  test('a file may extend a preset', async () => {
    writeFileSync(at('mine.yaml'), 'extends: smoke\nseed: 9\n');
    const { stdout } = await callCli(['config', 'show', '--config', at('mine.yaml'), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ seed: 9, environment: { budget: 2 } });
  });
});

describe('env check', () => {
  test('configured environments keep the contract', async () => {
    const args = ['env', 'check', '--preset', 'smoke', '--environments', 'training,scale-free', '--json'];
    const { status, stdout } = await callCli(args);
    expect(JSON.parse(stdout)).toEqual([
      { environment: 'training', findings: [] },
      { environment: 'scale-free', findings: [] },
    ]);
    expect(status).toBe(0);
  });

  test("a user's own environment that breaks the contract is told how, with exit code 2", async () => {
    const file = at('mine.mjs');
    writeFileSync(file, 'export default () => ({ size: 2, settings: {}, reset() {}, step() {} });');
    const { status, stdout, stderr } = await callCli(['env', 'check', '--module', file]);
    expect(stdout).toContain(`${file}: `);
    expect(stderr).toContain('does not keep its contract');
    expect(status).toBe(2);
  });

  test('a module without a default function is refused', async () => {
    const file = at('empty.mjs');
    writeFileSync(file, 'export const nothing = 1;');
    const { status, stderr } = await callCli(['env', 'check', '--module', file]);
    expect(stderr).toContain('the default export must be a function');
    expect(status).toBe(2);
  });
});

test('doctor lists every backend and says why one is not usable', () => {
  const { status, stdout } = runCli(['doctor', '--json']);
  expect(status).toBe(0);
  const { backends, node, automatic } = JSON.parse(stdout);
  expect(backends.map(({ name }: { name: string }) => name).sort()).toEqual([
    'cpu',
    'cuda',
    'native',
    'tensorflow',
    'wasm',
  ]);
  for (const { detail } of backends) expect(detail).not.toBe('');
  expect(node).toEqual({ version: process.version, supported: true });
  expect(['cuda', 'native', 'wasm', 'cpu']).toContain(automatic);
  expect(runCli(['doctor']).stdout).toContain(`'auto' takes: ${automatic}`);
});

test.runIf(softwareDeviceIsUsable)('quickstart runs on the cuda backend, without a kernel on the host', async () => {
  const args = ['quickstart', '--preset', 'smoke', '--quiet', '--backend', 'cuda', '--precision', 'tf32'];
  const { status, stdout, stderr } = runCli([...args, '--out', at('cuda')]);
  expect(stderr).toBe('');
  expect(stdout).toContain('structure task');
  expect(status).toBe(0);
});

test.runIf(softwareDeviceIsUsable)('doctor trains a step on the CUDA device and says what ran on the host', () => {
  const { stdout } = runCli(['doctor', '--json']);
  const { cuda } = JSON.parse(stdout);
  expect(cuda.hostKernels).toEqual({});
  expect(cuda.relativeDifference).toBeLessThan(1e-5);
  expect(cuda.deviceKernels).toBeGreaterThan(50);
  expect(runCli(['doctor']).stdout).toMatch(/ok {2}a training step on cuda: within .+ the step ran none on the host/);
});
