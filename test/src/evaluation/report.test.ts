import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differencesToCsv, resultsToCsv } from '../../../src/evaluation/report/csv.js';
import { renderCurves } from '../../../src/evaluation/report/curves.js';
import { stackFigures } from '../../../src/evaluation/report/draw.js';
import { readFigures, writeFigures, writeReport } from '../../../src/evaluation/report/files.js';
import { renderHtmlReport } from '../../../src/evaluation/report/html.js';
import { spreadLabels } from '../../../src/evaluation/report/side-labels.js';
import { differenceTables, finalRoundTables, renderTable } from '../../../src/evaluation/report/table.js';
import { formatEstimate } from '../../../src/evaluation/scores/metric-descriptions.js';
import type { DifferenceRow, EvaluationSummary, ResultRow } from '../../../src/evaluation/scores/summary.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-report-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function row(strategy: string, round: number, mean: number | null, change: Partial<ResultRow> = {}): ResultRow {
  const ci95 = mean === null ? ([null, null] as const) : ([mean - 0.5, mean + 0.5] as const);
  return {
    task: 'structure',
    environment: 'training',
    strategy,
    metric: 'return',
    round,
    mean,
    ci95,
    n: mean === null ? 0 : 20,
    ...change,
  };
}

const results: ResultRow[] = [
  row('policy', 0, 17.9),
  row('policy', 1, 19.25),
  row('random', 0, 17.9),
  row('random', 1, 18.5),
  row('policy', 0, null, { metric: 'auprc' }),
  row('policy', 1, 0.5, { metric: 'auprc', n: 12 }),
  row('random', 0, null, { metric: 'auprc' }),
  row('random', 1, 0.4, { metric: 'auprc', n: 12 }),
];
const differences: DifferenceRow[] = [
  { ...row('policy', 0, 0), reference: 'random' },
  { ...row('policy', 1, 0.75), reference: 'random' },
];
const summary: EvaluationSummary = { results, differences };

describe('tables', () => {
  test('show the last round, with n where a metric is not defined for all systems', () => {
    const [table] = finalRoundTables(results);
    expect(table!.title).toBe(
      'structure task, training environment: after 1 experiment on 20 systems; mean [95 % interval]',
    );
    expect(table!.header).toEqual(['strategy', 'return', 'AUPRC']);
    expect(table!.rows[0]).toEqual(['policy', '19.25 [18.75, 19.75]', '0.500 [0.000, 1.000] n=12']);
  });

  test('differences carry their sign and name the reference', () => {
    const [table] = differenceTables(differences, { metrics: ['return'] });
    expect(table!.title).toContain("paired difference to 'random targets, random values'");
    expect(table!.rows).toEqual([['policy', '+0.75 [+0.25, +1.25]']]);
  });

  test('a terminal table has aligned columns', () => {
    const text = renderTable({
      title: 'T',
      header: ['a', 'b'],
      rows: [
        ['long', '1'],
        ['x', '22'],
      ],
    });
    expect(text).toBe('T\n\na     b\n----  --\nlong  1\nx     22');
  });

  test('undefined figures are a dash', () => {
    expect(formatEstimate({ mean: null, ci95: [null, null] }, 2)).toBe('-');
  });
});

describe('CSV', () => {
  test('has one line per row; undefined figures are empty', () => {
    const lines = resultsToCsv(results).trimEnd().split('\n');
    expect(lines[0]).toBe('task,environment,strategy,metric,round,mean,ci95_low,ci95_high,n');
    expect(lines[2]).toBe('structure,training,policy,return,1,19.25,18.75,19.75,20');
    expect(lines[5]).toBe('structure,training,policy,auprc,0,,,,0');
    expect(differencesToCsv(differences).split('\n')[2]).toBe(
      'structure,training,policy,random,return,1,0.75,0.25,1.25,20',
    );
  });

  test('quotes fields that hold separators', () => {
    expect(resultsToCsv([row('a,"b"', 0, 1)]).split('\n')[1]).toContain('structure,training,"a,""b""",return');
  });
});

describe('spreadLabels', () => {
  test('keeps labels apart, in order and inside, and leaves free ones where they are', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { maxLength: 10 }), (positions) => {
        const wanted = [...positions].sort((a, b) => a - b);
        const places = spreadLabels(wanted, 14, 200);
        expect(places).toHaveLength(wanted.length);
        places.forEach((place, index) => {
          expect(place).toBeGreaterThanOrEqual(-1e-9);
          expect(place).toBeLessThanOrEqual(200 + 1e-9);
          if (index > 0) expect(place - places[index - 1]!).toBeGreaterThanOrEqual(14 - 1e-9);
        });
      }),
    );
    expect(spreadLabels([10, 50, 180], 14, 200)).toEqual([10, 50, 180]);
    expect(spreadLabels([100, 100], 14, 200)).toEqual([93, 107]);
    expect(spreadLabels([], 14, 200)).toEqual([]);
  });
});

describe('curves', () => {
  const svgOf = async (rows: readonly ResultRow[]): Promise<string> => (await renderCurves(rows))[0]!.svg;

  test('are an SVG document with a panel per metric and a label per strategy', async () => {
    const svg = await svgOf(results);
    expect(svg.startsWith('<svg')).toBe(true);
    for (const text of [
      'Return: expected correct entries',
      'AUPRC (average precision)',
      'random targets, random values',
    ])
      expect(svg).toContain(text);
    for (const colour of ['#d55e00', '#009e73']) expect(svg).toContain(`stroke="${colour}"`);
  });

  test('every number of experiments up to ten has its tick', async () => {
    const svg = await svgOf([0, 1, 2].map((round) => row('random', round, round)));
    for (const tick of ['0', '1', '2']) expect(svg).toContain(`>${tick}</text>`);
  });

  test('figures of the experiments themselves begin at the first one', async () => {
    const svg = await svgOf([1, 2, 3].map((round) => row('random', round, round)));
    for (const tick of ['1', '2', '3']) expect(svg).toContain(`>${tick}</text>`);
    expect(svg).not.toContain('>0</text>');
    expect(await svgOf([row('random', 1, 17)])).not.toContain('NaN');
  });

  test('a spread of rounding errors is drawn as none', async () => {
    const nearly = (strategy: string, mean: number) => row(strategy, 1, mean, { ci95: [mean, mean] });
    const svg = await svgOf([nearly('policy', 1 - 2e-7), nearly('random', 1)]);
    expect(svg).toContain('>1.0</text>');
    expect(svg).not.toContain('0.9999');
  });

  test('T = 0 and metrics without any figure can be drawn', async () => {
    const svg = await svgOf([row('random', 0, 17), row('random', 0, null, { metric: 'auprc' })]);
    expect(svg).toContain('Return: expected correct entries');
    expect(svg).not.toContain('AUPRC');
    expect(svg).not.toContain('NaN');
    expect(await svgOf([row('random', 0, null)])).toContain('no metric is defined');
  });

  test('there is a figure per environment, all stacked in one document', async () => {
    const elsewhere = results.map((one) => ({ ...one, environment: 'scale-free' }));
    const figures = await renderCurves([...results, ...elsewhere]);
    expect(figures.map(({ environment }) => environment)).toEqual(['training', 'scale-free']);
    const stacked = stackFigures(figures);
    const tops = [...stacked.matchAll(/<svg y="(\d+)"/g)].map(([, top]) => Number(top));
    expect(tops).toHaveLength(2);
    expect(tops[0]).toBe(0);
    expect(tops[1]).toBeGreaterThan(200);
    const height = Number(/^<svg [^>]*height="(\d+)"/.exec(stacked)![1]);
    expect(height).toBe(2 * tops[1]! - 30);
  });

  test('the same figures give the same document', async () => {
    expect(await renderCurves(results)).toEqual(await renderCurves(results));
  });
});

describe('HTML report', () => {
  test('is self-contained: curves and tables inline, no script, nothing loaded', async () => {
    const page = renderHtmlReport(summary, { title: 'A <b> & "c"', figures: await renderCurves(results) });
    expect(page).toContain('<title>A &lt;b&gt; &amp; &quot;c&quot;</title>');
    expect(page.match(/<svg/g)).toHaveLength(1);
    expect(page).toContain('<td>19.25 [18.75, 19.75]</td>');
    expect(page).toContain('<td>+0.75 [+0.25, +1.25]</td>');
    expect(page).not.toMatch(/<script|<link|src=|@import|url\(/);
  });
});

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
