import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFigures, writeFigures, writeReport } from '../../../../src/evaluation/report/files.js';
import { results, summary } from './rows.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-report-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('files', () => {
  test('figures survive writing and reading', async () => {
    const paths = [...writeFigures(folder, summary), ...(await writeReport(folder, summary, 'Test'))];
    expect(paths.map((path) => path.slice(folder.length + 1))).toEqual([
      'results.json',
      'differences.json',
      'results.csv',
      'differences.csv',
      'curves.svg',
      'report.html',
    ]);
    const back = readFigures(join(folder, 'results.json'), join(folder, 'differences.json'));
    expect(back).toEqual(summary);
    expect(JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))).toEqual(results);
    expect(readFigures(join(folder, 'results.json')).differences).toEqual([]);
  });

  test.each([
    ['not JSON', '{', 'not valid JSON'],
    ['no rows', '[]', 'not a results file'],
    ['a missing field', '[{"task":"structure"}]', "not a results file at row 0, 'environment'"],
    ['an unknown task', JSON.stringify([{ ...results[0], task: 'guess' }]), "at row 0, 'task'"],
    ['a wrong type', JSON.stringify([results[0], { ...results[0], mean: 'high' }]), "at row 1, 'mean'"],
  ])('refuses %s in one sentence', (_, content, message) => {
    const path = join(folder, 'bad.json');
    writeFileSync(path, content);
    expect(() => readFigures(path)).toThrow(message);
    expect(() => readFigures(path)).toThrow(path);
  });

  test('names a file that cannot be read', () => {
    expect(() => readFigures(join(folder, 'missing.json'))).toThrow('missing.json: cannot be read (ENOENT)');
  });
});
