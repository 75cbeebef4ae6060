import { describe, expect, test } from 'vitest';
import { renderCurves } from '../../../../src/evaluation/report/curves.js';
import { stackFigures } from '../../../../src/evaluation/report/draw.js';
import type { ResultRow } from '../../../../src/evaluation/scores/summary.js';
import { results, row } from './rows.js';

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
