import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StrategyScores } from '../../../../src/evaluation/scores/scores.js';
import { readScores, writeScores } from '../../../../src/evaluation/scores/scores-file.js';

let path = '';
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-scores-'));
  path = join(folder, 'partial.json');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const key = {
  task: 'structure',
  environment: 'training',
  strategy: 'random',
  metrics: ['return', 'auprc'],
  rounds: 1,
  systems: 3,
} as const;

test('scores survive bit for bit, NaN included; others are not mistaken for them', () => {
  const table = new StrategyScores(key);
  table.append(Float64Array.of(0.1, Number.NaN, 1 / 3, -0));
  writeScores(path, 'this evaluation', [table]);
  const [back] = readScores(path, 'this evaluation')!;
  expect(back!.key).toEqual(key);
  expect(back!.completed).toBe(1);
  expect(back!.values).toEqual(table.values);
  expect(readScores(path, 'another evaluation')).toBeUndefined();
  expect(readScores(join(folder, 'none.json'), 'this evaluation')).toBeUndefined();
});

test('a damaged file is named with the remedy, and not removed', () => {
  const kept = readFileSync(path, 'utf8');
  const damages = ['"completed":"one"', '"completed":2'].map((damage) => kept.replace('"completed":1', damage));
  for (const content of ['{"format"', ...damages]) {
    writeFileSync(path, content);
    expect(() => readScores(path, 'this evaluation')).toThrow(`${path}: damaged; remove it`);
    expect(existsSync(path)).toBe(true);
  }
});

test('a table refuses figures that leave a gap or do not fit', () => {
  const table = new StrategyScores(key);
  expect(() => table.append(Float64Array.of(1, 2, 3, 4), 1)).toThrow('leave no gap');
  expect(() => table.append(Float64Array.of(1, 2))).toThrow('StrategyScores.append');
});
