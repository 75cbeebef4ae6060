import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PLATFORM_NAMES } from '../../../envs/sergio/platforms.js';
import { createProgram } from '../../../src/cli/program.js';
import { goalPresets } from '../../../src/evaluation/goal/goal-study-config.js';
import type { ScreenData } from '../../../src/evaluation/goal/read-screen.js';
import { callCli } from './run-cli.js';

// What the program writes, it reads: recipes are run as they stand, in an empty folder and with fewer runs.

const root = new URL('../../../', import.meta.url);
const document = (name: string): string => readFileSync(new URL(name, root), 'utf8');
const SMALL = ['--set', 'runs=1', '--set', 'budget=1', '--quiet'];

const home = process.cwd();
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-recipes-'));
  process.chdir(folder);
  writeFileSync('net.tsv', 'regulator\ttarget\tstrength\nGATA1\tSPI1\t-2.5\nSPI1\tCEBPA\t3\n');
  writeFileSync('targets.txt', '2.0,2,0.0,1.0,2.5,-1.5,2.0,2.0\n3.0,1,2.0,3.0,2.0\n');
  writeFileSync('regs.txt', '0.0,0.5,1.5\n1.0,1.0,2.0\n');
});
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});

/** Command lines of a text that write or read tables of cells, as lists of arguments. */
function recipes(text: string): string[][] {
  const lines = [...text.matchAll(/causal-pilot ((?:simulate|evaluate --task goal) [^#\n]*)/g)].map(([, line]) =>
    line!.trim(),
  );
  return lines.filter((line) => /simulate --out|civ-screen/.test(line)).map((line) => line.split(/\s+/));
}

const helpText = (command: string): string => {
  const found = createProgram().commands.find((one) => one.name() === command)!;
  let text = '';
  found.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
};

const sources: [string, string][] = [
  ['README.md', document('README.md')],
  ['docs/goal-task.md', document('docs/goal-task.md')],
  ['docs/tables.md', document('docs/tables.md')],
  ['simulate --help', helpText('simulate')],
  ...goalPresets.names().map((name): [string, string] => [`preset ${name}`, goalPresets.read(name).text]),
];

describe.each(sources.filter(([, text]) => recipes(text).length > 0))('recipes of %s', (_, text) => {
  test.each(recipes(text).map((args) => [args.join(' '), args] as const))('%s', async (_line, args) => {
    const small = args[0] === 'evaluate' ? SMALL : [];
    const { status, stdout, stderr } = await callCli([...args, ...small]);
    expect(status, stderr).toBe(0);
    expect(stdout).not.toBe('');
  });
});

test('there are recipes in all of these places', () => {
  const withRecipes = sources.filter(([, text]) => recipes(text).length > 0).map(([name]) => name);
  expect(withRecipes).toEqual([
    'README.md',
    'docs/goal-task.md',
    'docs/tables.md',
    'simulate --help',
    'preset civ-screen',
  ]);
});

describe.each(['none', ...PLATFORM_NAMES])('platform %s: simulated, written, read and studied', (platform) => {
  test.each(['csv', 'h5ad'])('as .%s', async (ending) => {
    const file = `${platform}.${ending}`;
    const simulated = [
      'simulate',
      '--out',
      file,
      '--every-knockout',
      '--set',
      'variables=12',
      '--set',
      'graph.degree=2',
    ];
    expect(await callCli([...simulated, '--set', `platform=${platform}`])).toMatchObject({ status: 0 });
    const transform = platform === 'none' ? 'none' : 'log-normalise';
    const study = ['--preset', 'civ-screen', '--set', `file=${file}`, '--set', `transform=${transform}`];
    const { status, stdout, stderr } = await callCli(['evaluate', '--task', 'goal', ...study, ...SMALL, '--json']);
    expect(status, stderr).toBe(0);
    const { data }: { data: ScreenData } = JSON.parse(stdout);
    const cells = data.conditions.reduce((sum, one) => sum + one.cells + one.withoutCounts, 0);
    expect({ cells, leftOut: data.leftOut }).toEqual({ cells: 1700, leftOut: [] });
    expect(data.conditions).toHaveLength(13);
    expect(data.values.kind).toBe(platform === 'none' ? 'logarithms' : 'counts');
  });
});
