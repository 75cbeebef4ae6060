import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRunRecord } from '../../core/run/run-folder.js';
import { interruptCli, runCli } from '../src/cli/run-cli.js';

// Warnings that schedulers and systems send before they kill (submitit #1701, nextflow #2163).

let root = '';
const at = (...parts: string[]): string => join(root, ...parts);
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-stopping-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const endless = ['--preset', 'smoke', '--backend', 'cpu', '--quiet', '--set', 'posterior.training.steps=1000000'];
const hasBegun = (folder: string) => () =>
  existsSync(join(folder, 'metrics.jsonl')) && readFileSync(join(folder, 'metrics.jsonl'), 'utf8').includes('\n');

describe('a warning while training saves and stops', () => {
  test.each(['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU', 'SIGTERM'] as const)('%s', async (signal) => {
    const folder = at(signal);
    const { status, stdout, stderr } = await interruptCli(['pretrain', ...endless, '--out', folder], {
      isReady: hasBegun(folder),
      signal,
    });
    expect(stderr).toBe(`\n${signal}: saving and stopping; once more stops at once without saving\n`);
    expect(stdout).toMatch(/stopped at step \d+, after \d+ gradient steps, and saved in .*; continue with --resume/);
    expect(status).toBe(0);
    expect(readRunRecord(folder).status).toBe('interrupted');
    expect(existsSync(join(folder, 'checkpoints', 'resume', 'manifest.json'))).toBe(true);
  });
});

test('SIGUSR1 opens no inspector where there is nothing to save', async () => {
  // Reads forever from a pipe that nobody writes to: a command that watches no signals.
  const entry = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [entry, 'simulate', '--cells', '500000', '--out', at('never.csv')]);
  let stderr = '';
  child.stderr.on('data', (part) => {
    stderr += part;
  });
  // The first quarter of a second belongs to the start of Node itself.
  setTimeout(() => child.kill('SIGUSR1'), 600);
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(stderr).not.toMatch(/Debugger|inspector/i);
  expect([0, 138]).toContain(code);
});

test('a sweep that is killed takes its running trial with it, and goes on where that saved', async () => {
  const folder = at('sweep');
  const sweep = (...args: string[]) => [
    ...['sweep', '--preset', 'smoke', '--backend', 'cpu', '--quiet', '--pretrain', '--seeds', '1', '--out', folder],
    ...['--set', 'evaluation.systems=4', '--set', 'evaluation.strategies=[random]', '--processes', '1'],
    ...['--set', 'posterior.training.steps=60', '--set', 'posterior.training.logEvery=1', '--vary', 'policy.heads=[1]'],
    ...args,
  ];
  const posterior = join(folder, 'trial-001', 'seed-1', 'posterior');
  const killed = await interruptCli(sweep(), { isReady: hasBegun(posterior), signal: 'SIGKILL' });
  expect(killed.status).toBe(null);
  const deadline = Date.now() + 30_000;
  while (readRunRecord(posterior).status === 'running' && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(readRunRecord(posterior).status).toBe('interrupted');
  const { status, stdout } = runCli(sweep('--resume', '--json'));
  expect(status).toBe(0);
  expect(JSON.parse(stdout).rows).toHaveLength(2);
  expect(readRunRecord(posterior)).toMatchObject({ status: 'finished', resumed: [{ backend: 'cpu' }] });
});
