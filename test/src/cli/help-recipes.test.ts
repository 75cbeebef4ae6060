import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../../../src/cli/program.js';
import { experimentPresets } from '../../../training/config/experiment-config.js';
import { OWN_SYSTEMS } from '../../own-systems/own-systems.js';
import { callCli, runCli } from './run-cli.js';

// Every example of --help is run, in the order in which one command needs what another leaves, in an empty folder. Presets are
// replaced by files of the same name that extend `smoke`, and numbers of systems and seeds by small ones; examples of
// `simulate` are in table-recipes.test.ts, the whole quickstart in readme.test.ts.

const ORDER = [
  'config',
  'doctor',
  'pretrain',
  'train',
  'posterior',
  'readers',
  'evaluate',
  'behaviour',
  'sweep',
  'report',
  'env',
  'gim',
];

/** The arguments of every example in the help of a command and those below it. */
function examples(command: Command): string[][] {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  const own = [...text.matchAll(/^ {2}causal-pilot (.*)$/gm)].map(([, line]) => words(line!.split(/\s{2,}|\s>\s/)[0]!));
  return [...own, ...command.commands.flatMap(examples)];
}

/** Words of a shell line; quotes keep blanks. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare!);
}

const program = createProgram();
const found = program.commands.flatMap(examples).filter(([name]) => ORDER.includes(name!));
const inOrder = ORDER.flatMap((name) => found.filter(([command]) => command === name));

const SMALL: readonly (readonly [RegExp, string])[] = [
  [/^(evaluation\.systems|runs)=\d+$/, '$1=2'],
  [/^systems=\d+$/, 'systems=1'],
  [/^learner\.batchSize=\d+$/, 'learner.batchSize=8'],
];
/** Presets that learn action values. */
const VALUED_PRESETS = new Set(['quickstart', 'linear-d10-values']);
const COUNTS = new Set(['--systems', '--datasets', '--seeds', '--draws']);

/** The same with the stand-in of each preset and with small numbers. */
function runnable(args: readonly string[]): string[] {
  const goalTask = args.includes('goal') ? ['--set', 'instances=1', '--set', 'budget=3'] : [];
  const small = args.flatMap((arg, at) => {
    if (arg === '--preset' && !args[at + 1]!.startsWith('civ-')) return ['--config', standIn(args[at + 1]!)];
    if (args[at - 1] === '--preset' && !arg.startsWith('civ-')) return [];
    if (COUNTS.has(args[at - 1] ?? '')) return ['2'];
    return [SMALL.reduce((text, [pattern, value]) => text.replace(pattern, value), arg)];
  });
  const screen = args.includes('perturbation')
    ? ['--set', 'screen.variables=5', '--set', 'predictors=[gim,nearest]']
    : [];
  return [...small, ...goalTask, ...screen];
}

function standIn(preset: string): string {
  expect(experimentPresets.names(), `preset ${preset}`).toContain(preset);
  const sergio =
    'environment: { prior: { kind: sergio, variables: 3 }, interventionKind: knockout }\nposterior: { network: { inputScaling: log2-counts-per-million } }\n';
  const values = `policy: { pairs: 0, pairEncoder: { channels: 4, layers: 1, statistics: sinks }, head: { kind: scored } }
learner: { kind: action-values, iterations: 2, episodes: 4, batchSize: 8, validation: { systems: 4 } }
`;
  const own = preset.startsWith('sergio') ? sergio : VALUED_PRESETS.has(preset) ? values : '';
  writeFileSync(`${preset}.yaml`, `extends: smoke\nbackend: { name: wasm }\n${own}`);
  return `${preset}.yaml`;
}

const home = process.cwd();
let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-help-'));
  process.chdir(folder);
  // An installed package is found by its name; the copy here, by where it is built.
  const own = readFileSync(OWN_SYSTEMS, 'utf8').replace(
    'causal-pilot',
    new URL('../../../dist/src/index.js', import.meta.url).href,
  );
  writeFileSync('my-environment.js', own);
  for (const preset of ['quickstart', 'quickstart-redq', 'sergio-quick'])
    for (const command of ['pretrain', 'train'])
      expect(await callCli([command, '--config', standIn(preset), '--quiet'])).toMatchObject({ status: 0 });
}, 120_000);
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});

test('every command but simulate and quickstart has an example here', () => {
  const names = program.commands.map((command) => command.name());
  expect(new Set([...inOrder.map(([name]) => name!), 'simulate', 'quickstart'])).toEqual(new Set(names));
});

describe('examples of --help', () => {
  test.each(inOrder.map((args) => [args.join(' '), args] as const))(
    '%s',
    async (_, args) => {
      // A sweep starts processes of the built program.
      const { status, stdout, stderr } = await (args[0] === 'sweep' ? runCli : callCli)(runnable(args));
      expect(status, stderr).toBe(0);
      expect(stdout).not.toBe('');
    },
    120_000,
  );
});
