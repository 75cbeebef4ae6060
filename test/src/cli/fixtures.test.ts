import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareFolder } from '../../../src/cli/fixtures/compare-folder.js';
import { runCli } from './run-cli.js';

const reference = fileURLToPath(new URL('../../fixtures', import.meta.url));
let root = '';
let count = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-fixtures-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A new folder with the given files. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Compares a folder with the given files in this process. */
async function compare(files: Readonly<Record<string, string>>): Promise<{ printed: string; failed: number }> {
  const lines: string[] = [];
  const { failed } = await compareFolder(folderOf(files), (line) => lines.push(line));
  return { printed: lines.join('\n'), failed };
}

const read = (name: string): string => readFileSync(join(reference, name), 'utf8');

/** The file's cases, changed in place. */
// biome-ignore lint/suspicious/noExplicitAny: fixtures are broken on purpose, in ways that no type describes
function changed(name: string, change: (cases: any[]) => void): string {
  const cases = JSON.parse(read(name));
  change(cases);
  return JSON.stringify(cases);
}

describe('reference files', () => {
  test('all agree', () => {
    const folder = join(root, 'copies');
    for (const name of ['encoder_layer.json', 'graph_metrics.json', 'tanh_gaussian.json'])
      cpSync(join(reference, name), join(folder, name));
    const { status, stdout } = runCli([folder], { entry: 'fixtures-main.js' });
    expect(stdout).not.toContain('MISMATCH');
    expect(stdout).toContain('ok        encoder_layer.json case 1');
    expect(stdout).toContain('ok        graph_metrics.json case 2');
    expect(stdout).toContain('ok        tanh_gaussian.json case 0');
    expect(stdout).toMatch(/\n\d+ ok, 0 failed, 0 files skipped\n$/);
    expect(status).toBe(0);
  });

  test('are recognised by name variants, in subfolders, and by content', async () => {
    const content = read('graph_metrics.json');
    const { printed, failed } = await compare({
      'graph_metrics_large.json': content,
      'deeper/graph-metrics.json': content,
      'something.json': content,
      'single.json': changed('graph_metrics.json', (cases) => cases.splice(1)),
    });
    expect(printed).toContain('10 ok, 0 failed, 0 files skipped');
    expect(failed).toBe(0);
  });

  test('metrics that are undefined are not compared, also where Python wrote NaN', async () => {
    const empty = changed('graph_metrics.json', (cases) => {
      cases.splice(1);
      const [one] = cases;
      one.graph = one.graph.map((row: number[]) => row.map(() => 0));
      one.edgeProbability = one.edgeProbability.map((row: number[]) => row.map(() => 0));
      Object.assign(one, { averagePrecision: 0, auprcTrapezoid: 'nan', auroc: 'nan', 'f1At0.5': 0, 'shdAt0.5': 0 });
      one.expectedCorrectEntries = 25;
    });
    const { printed, failed } = await compare({ 'graph_metrics_empty.json': empty.replaceAll('"nan"', 'NaN') });
    expect(printed).toContain('ok        graph_metrics_empty.json case 0: 5 variables, 0 edges');
    expect(failed).toBe(0);
  });

  test('a NaN where a number is needed is malformed, not a match', async () => {
    const content = read('tanh_gaussian.json').replace(/"logProb": \[[-0-9.e]+/, '"logProb": [NaN');
    expect((await compare({ 'tanh_gaussian.json': content })).printed).toContain(
      "MALFORMED tanh_gaussian.json: case 0, 'logProb.0'",
    );
  });

  test('an unknown format is named and skipped', async () => {
    const { printed, failed } = await compare({
      'notes.json': '{"hello": 1}',
      'list.json': '[1, 2]',
      'null.json': 'null',
    });
    expect(printed).toContain('skipped   notes.json: not a format that is known yet');
    expect(printed).toContain('0 ok, 0 failed, 3 files skipped');
    expect(failed).toBe(0);
  });
});

describe('wrong numbers are mismatches', () => {
  test.each([
    [
      'graph_metrics.json',
      'expectedCorrectEntries',
      (c: { expectedCorrectEntries: number }) => (c.expectedCorrectEntries += 1e-6),
    ],
    ['graph_metrics.json', 'shdAt0.5', (c: { 'shdAt0.5': number }) => (c['shdAt0.5'] += 1)],
    ['graph_metrics.json', 'auroc', (c: { auroc: number | null }) => (c.auroc = null)],
    ['tanh_gaussian.json', 'logProb', (c: { logProb: number[] }) => (c.logProb[1]! += 1e-3)],
    ['tanh_gaussian.json', 'action', (c: { action: number[][] }) => (c.action[0]![0]! += 1e-4)],
    ['encoder_layer.json', 'y', (c: { y: number[] }) => (c.y[3]! += 1e-3)],
    ['encoder_layer.json', 'gradX', (c: { gradX: number[] }) => (c.gradX[0]! += 1e-3)],
    [
      'encoder_layer.json',
      'gradWeights.linear1.bias',
      (c: { gradWeights: Record<string, number[]> }) => (c.gradWeights['linear1.bias']![2]! += 1e-3),
    ],
  ])('%s: %s', async (name, quantity, change) => {
    const { printed, failed } = await compare({ [name]: changed(name, (cases) => change(cases[0])) });
    expect(printed).toMatch(new RegExp(`MISMATCH  ${name} case 0.*in ${quantity.replaceAll('.', '\\.')} \\(`));
    expect(failed).toBeGreaterThan(0);
  });

  test('padded positions are not compared', async () => {
    const content = changed('encoder_layer.json', (cases) => {
      const { shape, keyPaddingMask, y } = cases[1];
      const padded = keyPaddingMask.flat().indexOf(1);
      for (let i = 0; i < shape.dim; i++) y[padded * shape.dim + i] = 1e6;
    });
    expect((await compare({ 'encoder_layer.json': content })).failed).toBe(0);
  });
});

describe('malformed files fail with a sentence', () => {
  test.each([
    ['broken JSON', 'graph_metrics.json', '[{"graph": ', 'not valid JSON (expected the format graph_metrics)'],
    ['broken JSON of no known name', 'other.json', '[', 'not valid JSON'],
    ['an empty list', 'graph_metrics.json', '[]', 'the list of cases is empty'],
    ['a missing key', 'graph_metrics.json', changed('graph_metrics.json', (c) => delete c[1].graph), "case 1, 'graph'"],
    [
      'a matrix that is not square',
      'graph_metrics.json',
      changed('graph_metrics.json', (c) => c[0].edgeProbability.pop()),
      "case 0, 'edgeProbability': must be a square matrix",
    ],
    [
      'matrices of different sizes',
      'graph_metrics.json',
      changed('graph_metrics.json', (c) => {
        c[0].edgeProbability = c[1].edgeProbability;
      }),
      "must have as many rows as 'graph'",
    ],
    [
      'a cyclic graph',
      'graph_metrics.json',
      changed('graph_metrics.json', (c) => {
        c[0].graph = c[0].graph.map((row: number[]) => row.map(() => 1));
      }),
      'must be acyclic',
    ],
    [
      'too few numbers',
      'encoder_layer.json',
      changed('encoder_layer.json', (c) => c[0].x.pop()),
      "case 0, 'x' must have 48 entries, got 47",
    ],
    [
      'a missing weight',
      'encoder_layer.json',
      changed('encoder_layer.json', (c) => delete c[1].weights['norm1.bias']),
      "case 1, 'weights.norm1.bias' must have 16 entries, got 0",
    ],
    [
      'heads that do not divide the width',
      'encoder_layer.json',
      changed('encoder_layer.json', (c) => {
        c[0].shape.heads = 3;
      }),
      "'heads' must divide the attention width 8, got 3",
    ],
    [
      'a row of another length',
      'tanh_gaussian.json',
      changed('tanh_gaussian.json', (c) => c[0].noise[2].pop()),
      "case 0, 'noise', row 2 must have 6 entries, got 5",
    ],
    [
      'text for a number',
      'tanh_gaussian.json',
      changed('tanh_gaussian.json', (c) => {
        c[0].mean[0][0] = 'x';
      }),
      "case 0, 'mean.0.0'",
    ],
  ])('%s', async (_, name, content, message) => {
    const { printed, failed } = await compare({
      [name]: content,
      'good/tanh_gaussian.json': read('tanh_gaussian.json'),
    });
    expect(printed).toContain(`MALFORMED ${name}: `);
    expect(printed).toContain(message);
    expect(printed).toContain('ok        good/tanh_gaussian.json');
    expect(failed).toBe(1);
  });
});

describe('the command', () => {
  test('exits with 1 on a mismatch and 0 without', () => {
    const good = read('tanh_gaussian.json');
    const bad = changed('tanh_gaussian.json', (cases) => {
      cases[0].action[0][0] += 1e-4;
    });
    const agreeing = runCli([folderOf({ 'tanh_gaussian.json': good })], { entry: 'fixtures-main.js' });
    expect([agreeing.status, agreeing.stderr]).toEqual([0, '']);
    const differing = runCli([folderOf({ 'tanh_gaussian.json': bad })], { entry: 'fixtures-main.js' });
    expect(differing.stdout).toContain('MISMATCH');
    expect(differing.status).toBe(1);
  });

  test.each([
    [[], 'usage: npm run fixtures -- DIR'],
    [['one', 'two'], 'usage: npm run fixtures -- DIR'],
    [['/no/such/folder'], '/no/such/folder is not a folder'],
  ])('refuses the arguments %j with 2', (args, message) => {
    const { status, stderr } = runCli(args, { entry: 'fixtures-main.js' });
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });

  test('a folder without JSON files is refused', async () => {
    await expect(compare({ 'readme.txt': 'nothing' })).rejects.toThrow('holds no .json file');
  });
});
