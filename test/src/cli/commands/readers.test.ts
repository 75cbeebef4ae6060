import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReaderQuality } from '../../../../src/evaluation/readers/compare-readers.js';
import { callCli } from '../run-cli.js';

let root = '';
const smoke = ['--preset', 'smoke', '--backend', 'wasm', '--quiet'];
const readers = (...args: string[]) =>
  callCli(['readers', ...smoke, '--posterior', join(root, 'posterior'), '--systems', '4', ...args]);

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-readers-'));
  const { status, stderr } = await callCli(['pretrain', ...smoke, '--out', join(root, 'posterior')]);
  if (status !== 0) throw new Error(stderr);
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('every reader reads the histories of every strategy after the numbers of experiments that were asked for', async () => {
  const { status, stdout } = await readers('--strategies', 'random,observational', '--experiments', '0,2', '--json');
  expect(status).toBe(0);
  const qualities: ReaderQuality[] = JSON.parse(stdout).qualities;
  const distinct = (key: keyof ReaderQuality) => [...new Set(qualities.map((quality) => quality[key]))];
  expect(distinct('strategy')).toEqual(['random', 'observational']);
  expect(distinct('experiments')).toEqual([0, 2]);
  expect(distinct('reader')).toEqual(expect.arrayContaining(['exact', '|correlation|']));
});

test('options of planners are read where --strategies names one, and refused where it names none', async () => {
  const fast = ['--experiments', '1', '--set', 'evaluation.lookahead.evaluations=8', '--json'];
  const { status, stdout } = await readers('--strategies', 'lookahead', ...fast);
  expect(status).toBe(0);
  expect(JSON.parse(stdout).qualities[0].strategy).toBe('lookahead');
  const refused = await readers('--strategies', 'random', ...fast);
  expect(refused.stderr).toContain('no strategy plans');
  expect(refused.status).toBe(2);
});

test('numbers of experiments are whole', async () => {
  const { status, stderr } = await readers('--experiments', '0,1.5');
  expect(stderr).toContain('It must be whole numbers with commas between them.');
  expect(status).toBe(2);
});
