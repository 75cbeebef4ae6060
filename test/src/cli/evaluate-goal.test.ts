import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { saveGraphPosterior, savePolicy } from '../../../models/checkpoints.js';
import { DesignPolicy } from '../../../models/policy/design-policy.js';
import { PolicyConfig } from '../../../models/policy/policy-config.js';
import { AmortizedGraphPosterior } from '../../../models/posterior/amortized-graph-posterior.js';
import { GraphPosteriorConfig } from '../../../models/posterior/graph-posterior-config.js';
import type { ResultRow } from '../../../src/evaluation/scores/summary.js';
import { TABLES } from '../data/whole-table.js';
import { callCli } from './run-cli.js';

let root = '';
const at = (...parts: string[]): string => join(root, ...parts);
const goal = (...args: string[]) => callCli(['evaluate', '--task', 'goal', '--quiet', ...args]);
const TINY = ['--set', 'runs=1', '--set', 'budget=3', '--set', 'workers=0', '--set', 'instances=2'];

/** Small untrained networks for systems of five variables. */
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-goal-'));
  await useBackend({ backend: 'cpu' });
  const size = { width: 8, heads: 2, pairs: 1, feedForwardFactor: 2 };
  const stream = new RandomStream('evaluate-target');
  const policy = new DesignPolicy(PolicyConfig.parse({ ...size, hidden: [8] }), 2, stream.child('policy'));
  const posterior = new AmortizedGraphPosterior(GraphPosteriorConfig.parse(size), stream.child('posterior'));
  const card = { step: 0, metrics: {}, environment: {}, seed: 0 };
  await savePolicy(at('policy'), policy, card);
  await saveGraphPosterior(at('posterior'), posterior, card);
  writeFileSync(
    at('small.yaml'),
    'extends: civ-extended-6\nsettings:\n  - { name: small, instance: { variables: 5, targets: 2 } }\n',
  );
  policy.dispose();
  posterior.dispose();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('evaluate --task goal', () => {
  test('prints tables and writes figures, curves, report and study', async () => {
    const out = at('figures');
    const { status, stdout, stderr } = await goal('--config', at('small.yaml'), ...TINY, '--out', out);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('small: relative distance to the goal mean; mean [95 % interval] over 2 problems');
    expect(stdout).toMatch(/\nstrategy {6}t = 3\n/);
    expect(stdout).toMatch(/\ncv {12}\d\.\d{3} \[-?\d\.\d{3}, \d\.\d{3}\]/);
    for (const name of ['results.json', 'results.csv', 'differences.json', 'curves.svg', 'report.html', 'tables.txt'])
      expect(existsSync(join(out, name)), name).toBe(true);
    const rows: ResultRow[] = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
    expect(rows).toHaveLength(6 * 3 * 4);
    expect(JSON.parse(readFileSync(join(out, 'study.json'), 'utf8')).study).toMatchObject({ runs: 1, budget: 3 });
  });

  test('--json prints the figures; a policy joins in both modes; the graph may be learned', async () => {
    const common = [...TINY, '--backend', 'cpu', '--set', 'initialRows=4', '--json'];
    const models = ['--policy', at('policy'), '--posterior', at('posterior')];
    const args = [
      '--config',
      at('small.yaml'),
      ...common,
      ...models,
      '--strategies',
      'civ,policy',
      '--out',
      at('learned'),
    ];
    const { status, stdout, stderr } = await goal(...args);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { results }: { results: ResultRow[] } = JSON.parse(stdout);
    expect(new Set(results.map(({ strategy }) => strategy))).toEqual(new Set(['civ', 'policy', 'random-shift']));
    const named = await goal('--config', at('small.yaml'), ...common, '--policy', at('policy'), '--out', at('joined'));
    const joined: { results: ResultRow[] } = JSON.parse(named.stdout);
    expect(joined.results.map(({ strategy }) => strategy)).toContain('policy-deterministic');
  });

  test('a screen is read from the file named', async () => {
    const random = new RandomStream('evaluate-target/screen');
    const lines = ['control', 'A', 'B'].flatMap((label) =>
      Array.from({ length: 40 }, () => `${2 + random.normal()},${2 + random.normal()},${label}`),
    );
    writeFileSync(at('cells.csv'), ['A,B,perturbation', ...lines].join('\n'));
    const screen = ['--preset', 'civ-screen', '--set', 'runs=2', '--set', 'budget=2', '--set', 'warmUpCells=10'];
    const { status, stdout } = await goal(...screen, '--set', `file=${at('cells.csv')}`, '--out', at('screen'));
    expect(status).toBe(0);
    expect(stdout).toContain('goal: A knockout: squared distance to the goal mean');
    const missing = await goal(...screen, '--set', 'file=none.csv', '--out', at('none'));
    expect(missing).toMatchObject({ status: 2, stdout: '' });
    expect(missing.stderr).toContain('none.csv: there is no such file');
    expect(existsSync(at('none'))).toBe(false);
  });

  test.each([
    [[], 'give one study: --preset (civ-extended-1, '],
    [['--preset', 'civ-figure5', '--config', 'x.yaml'], 'give one study'],
    [['--preset', 'civ-figure9'], "there is no preset 'civ-figure9'"],
    [['--preset', 'civ-screen'], "option 'file'"],
    [['--preset', 'civ-figure5', '--set', 'settings=[]'], 'settings'],
    [['--preset', 'civ-figure5', '--strategies', 'civ,best', '--set', 'workers=0'], "unknown strategy 'best'"],
    [['--preset', 'civ-figure5', '--policy', 'nowhere'], 'nowhere: there is no such folder'],
  ])('%j: one clear sentence, status 2, nothing written', async (args, message) => {
    const { status, stdout, stderr } = await goal(...args, '--out', at('refused'));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(existsSync(at('refused'))).toBe(false);
  });

  test('on measured cells, what was read comes first, in the JSON and beside the results', async () => {
    const study = [
      '--preset',
      'civ-screen',
      '--set',
      'transform=log-normalise',
      '--set',
      'runs=2',
      '--set',
      'budget=1',
    ];
    const file = join(TABLES, 'two_controls_and_a_pair.csv');
    const out = at('cells');
    const plain = await goal(...study, '--set', `file=${file}`, '--out', out);
    expect(plain).toMatchObject({ status: 0, stderr: '' });
    const [first, second] = plain.stdout.split('\n');
    expect(first).toBe(
      `${file}: 120 cells x 4 genes (comma-separated text); whole numbers from 0 to 109: counts; transform log-normalise`,
    );
    expect(second).toBe('used: control 30, GENC 20, TFA 10, TFB 20 cells');
    expect(plain.stdout.indexOf('left out: 30 cells')).toBeLessThan(plain.stdout.indexOf('strategy'));
    expect(readFileSync(join(out, 'tables.txt'), 'utf8')).toContain(
      "left out: 10 cells 'TFA+TFB': several genes at once",
    );
    const json = await goal(...study, '--set', `file=${file}`, '--out', out, '--json');
    const { data } = JSON.parse(json.stdout);
    expect(data).toEqual(JSON.parse(readFileSync(join(out, 'data.json'), 'utf8')));
    expect(data.leftOut).toHaveLength(2);
    expect(json.stderr).toContain('used: control 30');
  });

  test.each([
    ['semicolons.csv', 'A;perturbation\n1,5;control\n', 'its columns are separated by semicolons'],
    ['one-gene-twice.csv', 'A,A,perturbation\n1,2,control\n0,1,A\n', "there are two genes 'A'"],
  ])('%s: one sentence, status 2, nothing written or printed', async (name, content, message) => {
    writeFileSync(at(name), content);
    const result = await goal('--preset', 'civ-screen', '--set', `file=${at(name)}`, '--out', at('refused-table'));
    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).toContain(message);
    expect(existsSync(at('refused-table'))).toBe(false);
  });

  test('the old name of the task names the new one, and options of the structure task are refused', async () => {
    const old = await callCli(['evaluate', '--task', 'target', '--preset', 'civ-figure5']);
    expect(old.status).toBe(2);
    expect(old.stderr).toContain("choose among structure, goal, perturbation; the task 'target' is called 'goal' now.");
    for (const option of [['--ood'], ['--environments', 'training'], ['--resume']]) {
      const { status, stderr } = await goal('--preset', 'civ-figure5', ...option, '--out', at('refused-option'));
      expect(status).toBe(2);
      expect(stderr).toContain(`${option[0]}: the goal task does not have this option`);
    }
  });
});
