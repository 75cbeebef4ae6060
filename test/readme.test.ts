import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { experimentPresets } from '../training/config/experiment-config.js';

// Every command of the README runs here, in order, in an empty folder: presets are replaced by files of the same name
// that extend `smoke`, so that folders keep their names and a command takes seconds. The goal task is quick as it stands.

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const { scripts, name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const SMALL_LINEAR = 'extends: smoke\nbackend: { name: wasm }\n';
const SMALL_SERGIO = `${SMALL_LINEAR}environment: { prior: { kind: sergio, variables: 3 }, interventionKind: knockout }
posterior: { network: { inputScaling: log2-counts-per-million } }
`;

/** Contents of the code blocks of one language, in order. */
function codeBlocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code]) => code!);
}

const commands = codeBlocks('bash')
  .join('')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'));
const installing = commands.filter((command) => command.startsWith('npm ci'));
const usage = commands.filter((command) => !installing.includes(command));

/** The same command on the built program, with the small stand-in for each preset. */
function runnable(command: string): string {
  return command
    .replace(/^npx causal-pilot\b/, `"${process.execPath}" "${join(root, 'dist/src/cli/main.js')}"`)
    .replace(/^npm run fixtures -- /, `"${process.execPath}" "${join(root, 'dist/src/fixtures/main.js')}" ${root}`)
    .replace(/--preset ((?!civ-)[\w-]+)/, (_, preset: string) => `--config ${standIn(preset)}`);
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-readme-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', name), 'dir');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function standIn(preset: string): string {
  const file = `${preset}.yaml`;
  expect(experimentPresets.names(), `preset ${preset} of the README`).toContain(preset);
  writeFileSync(join(folder, file), preset.startsWith('sergio') ? SMALL_SERGIO : SMALL_LINEAR);
  return file;
}

function shell(command: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(command, { shell: true, cwd: folder, encoding: 'utf8' });
}

describe('set-up commands', () => {
  test('are the two that the README promises', () => {
    expect(installing).toEqual(['npm ci && npm run quickstart', 'npm ci && npm test']);
  });

  test.each(commands.flatMap((command) => [...command.matchAll(/npm (?:run )?(\w+)/g)].map(([, script]) => script!)))(
    'npm script %s exists',
    (script) => {
      if (script === 'ci') expect(existsSync(join(root, 'package-lock.json'))).toBe(true);
      else expect(scripts).toHaveProperty(script);
    },
  );
});

describe('usage, in order', () => {
  test('quickstart', () => {
    const { status, stdout, stderr } = shell(runnable('npx causal-pilot quickstart --quiet --preset quickstart'));
    expect(stderr).toBe('');
    expect(stdout).toContain('policy - random targets, random values');
    expect(existsSync(join(folder, 'runs/quickstart/evaluation/report.html'))).toBe(true);
    expect(status).toBe(0);
  });

  test.each(usage)('%s', (command) => {
    const { status, stdout, stderr } = shell(runnable(command));
    expect(status, stderr).toBe(0);
    expect(stdout).not.toBe('');
  });

  test.each(codeBlocks('js').map((code, index) => [index, code] as const))('library example %d', (index, code) => {
    const file = join(folder, `example-${index}.mjs`);
    // The smoke systems have 3 variables; the networks do not care, so the example runs as it stands.
    writeFileSync(file, code);
    const { status, stdout, stderr } = shell(`"${process.execPath}" "${file}"`);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('round 5: targets');
  });
});

test('every command of the program is in the README, and every strategy', async () => {
  const { createProgram } = await import('../src/cli/program.js');
  const { strategyNames } = await import('../src/evaluation/strategies/registry.js');
  const names = createProgram().commands.map((command) => command.name());
  const described = (command: string): boolean => new RegExp(`(causal-pilot|npm run) ${command}\\b`).test(readme);
  expect(names.filter((command) => !described(command))).toEqual([]);
  expect(strategyNames('structure').filter((strategy) => !readme.includes(`\`${strategy}\``))).toEqual([]);
});

test('every folder of the map exists, and every path that is linked', () => {
  const [, map = ''] = readme.split('## Folders');
  const folders = [...map.matchAll(/^\| `(\w+)\/` /gm)].map(([, path]) => path!);
  expect(folders).toEqual([
    'src',
    'training',
    'models',
    'envs',
    'core',
    'test',
    'bench',
    'scripts',
    'docs',
    'checkpoints',
  ]);
  for (const path of folders) expect(existsSync(join(root, path)), path).toBe(true);
  for (const [, link] of readme.matchAll(/\]\((?!https?:)([^)]+)\)/g))
    expect(existsSync(join(root, link!)), link).toBe(true);
});
