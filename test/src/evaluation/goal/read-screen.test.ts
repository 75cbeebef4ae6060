import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readScreen, type ScreenData } from '../../../../src/evaluation/goal/read-screen.js';
import { screenDataLines } from '../../../../src/evaluation/goal/screen-data-lines.js';
import { TABLES } from '../../data/whole-table.js';
import { linearScreen, screenStudy, writeScreen } from './screens.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-read-screen-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const counts = (name: string, extra: Record<string, unknown> = {}) =>
  readScreen(screenStudy(join(TABLES, name), { transform: 'log-normalise', ...extra }));
const used = ({ conditions }: ScreenData) => Object.fromEntries(conditions.map(({ label, cells }) => [label, cells]));
/** Means of the control cells before they were centred. */
const controlMeans = ({ candidates }: { candidates: readonly Float64Array[] }) =>
  candidates.map((candidate, i) => Number((-candidate[i]!).toFixed(3)));

describe('what was read is told', () => {
  test('nullable strings: the conditions and their cells', async () => {
    const { data } = await counts('nullable_strings.h5ad');
    expect(used(data)).toEqual({ control: 60, TFA: 30, TFB: 30 });
    expect([data.cells, data.genes, data.layout]).toEqual([120, 3, 'X, dense float32']);
  });

  test('a cell without counts is left out and counted', async () => {
    const { data } = await counts('one_empty_cell.csv');
    expect(used(data)).toEqual({ control: 59, GENC: 20, TFA: 20, TFB: 20 });
    expect(data.conditions[0]).toMatchObject({ label: 'control', withoutCounts: 1 });
    expect(screenDataLines(data)).toContain('left out: 1 cell without counts (control 1)');
  });

  test('columns that are no genes do not enter the library size, and how many genes were read is told', async () => {
    for (const name of ['genes_only.csv', 'with_qc_columns.csv', 'with_numeric_id.csv']) {
      const { screen, data } = await counts(name);
      expect(screen.genes, name).toEqual(['GENC', 'TFA', 'TFB']);
      expect(controlMeans(screen), name).toEqual([7.066, 6.929, 7.154]);
      expect(data.genes, name).toBe(4);
    }
    const { data } = await counts('with_qc_columns.csv');
    expect(screenDataLines(data)).toContain(
      'columns left out, which are called like quality figures or groupings: n_counts, percent_mito',
    );
  });

  test('labels that a spreadsheet changed: left out, with what the table has instead', async () => {
    const { data } = await counts('renamed_by_spreadsheet.csv');
    expect(used(data)).toEqual({ control: 60, TFB: 20 });
    expect(data.leftOut).toEqual([
      { label: 'HLADQB1', cells: 20, reason: "no gene of that name: the table has 'HLA-DQB1'" },
      {
        label: 'SEPT2',
        cells: 20,
        reason: "no gene of that name: the table has '2-Sep', as spreadsheets turn such names into dates",
      },
    ]);
  });

  test('a second control, a pair, and cells without a label', async () => {
    const { data } = await counts('two_controls_and_a_pair.csv');
    expect(used(data)).toEqual({ control: 30, GENC: 20, TFA: 10, TFB: 20 });
    expect(data.leftOut.map(({ label, cells }) => [label, cells])).toEqual([
      ['non-targeting_2', 30],
      ['TFA+TFB', 10],
    ]);
    expect(screenDataLines(data)).toContain("left out: 10 cells 'TFA+TFB': several genes at once");
    const missing = (await counts('missing_labels.h5ad')).data;
    expect(used(missing)).toEqual({ control: 59, GENC: 20, TFA: 19, TFB: 20 });
    expect(screenDataLines(missing)).toContain('left out: 2 cells without a label');
  });

  test('values against the transform, and cells that must be drawn again', async () => {
    const warnings = async (name: string, extra: Record<string, unknown>) => (await counts(name, extra)).data.warnings;
    const enough = { warmUpCells: 20, budget: 2, rows: 5 };
    expect(await warnings('genes_only.csv', enough)).toEqual([]);
    expect(await warnings('genes_only.csv', { ...enough, transform: 'none' })).toEqual([
      'the values look like counts, but transform is none; counts need transform=log-normalise',
    ]);
    expect(await warnings('order_TFA_TFB.csv', enough)).toEqual([
      'the values look like logarithms already, but are taken as counts; logarithms need transform=none',
    ]);
    expect(await warnings('genes_only.csv', { warmUpCells: 100, budget: 2, rows: 30 })).toEqual([
      "the warm-up draws 100 cells from 60 of 'control', some more than once",
      'an experiment draws 30 cells, some more than once where there are fewer: GENC, TFA, TFB',
    ]);
    expect(await warnings('genes_only.csv', { ...enough, budget: 5 })).toEqual([
      'knockouts that are repeated may run out of fresh cells and draw some again: GENC, TFA, TFB',
    ]);
  });

  test('many labels are shortened on the terminal, not in the record', async () => {
    const lines = Array.from({ length: 60 }, (_, i) => `X${String.fromCharCode(97 + (i % 26))}${i},1,${i % 7}`);
    const control = Array.from({ length: 20 }, (_, i) => `control,${i % 5},${i % 3}`);
    const path = join(folder, 'labels.csv');
    writeFileSync(path, ['perturbation,A,B', ...control, 'A,0,1', ...lines].join('\n'));
    const { data } = await readScreen(screenStudy(path));
    expect(data.leftOut).toHaveLength(60);
    expect(screenDataLines(data)).toContain('left out: 48 cells of 48 further labels; data.json lists all of them');
  });
});

describe('what cannot be used is refused with file, cell and gene', () => {
  const rows = (control: (cell: number) => string, knockout = '0,1') =>
    ['perturbation,A,B', ...Array.from({ length: 20 }, (_, cell) => `control,${control(cell)}`), `A,${knockout}`].join(
      '\n',
    );
  const read = (content: string, extra: Record<string, unknown> = {}) => {
    const path = join(folder, 'refused.csv');
    writeFileSync(path, content);
    return readScreen(screenStudy(path, { transform: 'log-normalise', ...extra }));
  };

  test.each([
    [
      'a constant gene',
      rows(() => '3,1'),
      { transform: 'none' },
      "refused.csv: gene 'A' does not vary among the 20 control cells",
    ],
    [
      'a gene that varies by rounding only',
      rows((cell) => `${1e6 + 0.1 + (cell % 2) * 1e-10},1`),
      { transform: 'none' },
      "gene 'A' does not vary",
    ],
    [
      'a gene that is the sum of others',
      'perturbation,A,B,C\n' +
        Array.from({ length: 20 }, (_, n) => `control,${n % 7},${n % 3},${(n % 7) + (n % 3)}.5`).join('\n') +
        '\nA,0,1,1\nB,1,0,1\nC,1,1,0',
      { transform: 'none' },
      "refused.csv: among the control cells gene 'C' is a linear combination of A, B, so that their effects cannot be told apart",
    ],
    [
      'values that something was added to',
      rows((cell) => `${1e6 + (cell % 5)},${1e6 + (cell % 3)}.5`),
      { transform: 'none' },
      "the control cells have mean 1000000 and standard deviation 1.41421 in gene 'A', but a knockout is taken as a shift by minus the mean",
    ],
    [
      'values that are centred',
      rows((cell) => `${(cell % 5) - 2},${(cell % 3) - 1}.5`),
      { transform: 'none' },
      "the control cells have mean 0 in gene 'A'",
    ],
    [
      'too few control cells',
      'perturbation,A,B\ncontrol,1,2\ncontrol,2,2\nA,0,1\n',
      {},
      "2 'control' cells with counts are too few for 1 genes",
    ],
    ['a knockout without counts', rows((cell) => `${cell},1`, '0,0'), {}, 'no cell with a knockout of A has counts'],
    [
      'a negative count',
      rows((cell) => `${cell},${cell === 3 ? -1 : 1}`),
      {},
      "line 5, gene 'B': a negative value, but log-normalise needs counts",
    ],
    [
      'no number',
      rows((cell) => `${cell === 4 ? 'nan' : cell},1`),
      {},
      "line 6, column 'A': there is no finite number but 'nan'",
    ],
  ])('%s', async (_, content, extra, message) => {
    await expect(read(content, extra)).rejects.toThrow(message);
  });
});

test('values keep what 32 bits would lose', async () => {
  const table = linearScreen(3, 20);
  const offset = { ...table, values: table.values.map((value) => value + 500) };
  const plain = (await readScreen(screenStudy(writeScreen(join(folder, 'plain.csv'), table)))).screen;
  const moved = (await readScreen(screenStudy(writeScreen(join(folder, 'moved.csv'), offset)))).screen;
  plain.control.cells.forEach((value, entry) => {
    expect(Math.abs(moved.control.cells[entry]! - value)).toBeLessThan(1e-8);
  });
});
