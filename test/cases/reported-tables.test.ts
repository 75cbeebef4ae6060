import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { File as HdfFile, ready } from 'h5wasm/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScreenRecord } from '../../src/evaluation/goal/read-screen.js';
import { callCli } from '../src/cli/run-cli.js';
import { TABLES, wholeTable } from '../src/data/whole-table.js';

// Situations that users of this field's tools reported in public, with their right values; docs/cases.md lists them. Files in
// test/fixtures/tables are copies of the reported ones, all names and values made up. Regressions in other units are in
// test/models/civ/any-unit.test.ts.

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-cases-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Study {
  readonly status: number | null;
  readonly stderr: string;
  readonly data: ScreenRecord;
  readonly results: readonly {
    strategy: string;
    metric: string;
    mean: number | null;
    round: number;
    environment: string;
  }[];
}

/** The shortest study of a table, through the command line. */
async function study(file: string, ...sets: string[]): Promise<Study> {
  const settings = ['transform=log-normalise', 'runs=4', 'budget=2', ...sets].flatMap((set) => ['--set', set]);
  const { status, stdout, stderr } = await callCli([
    ...['evaluate', '--task', 'goal', '--preset', 'civ-screen', '--set', `file=${file}`],
    ...settings,
    ...['--out', join(folder, 'out'), '--quiet', '--json'],
  ]);
  return { status, stderr, ...(status === 0 ? JSON.parse(stdout) : {}) };
}

const table = (name: string): string => join(TABLES, name);
const used = ({ data }: Study) => Object.fromEntries(data.conditions.map(({ label, cells }) => [label, cells]));

test('anndata #2221: the file that anndata 0.13 writes by default', async () => {
  const found = await study(table('nullable_strings.h5ad'));
  expect(found.status, found.stderr).toBe(0);
  expect([found.data.cells, found.data.genes, used(found)]).toEqual([120, 3, { control: 60, TFA: 30, TFB: 30 }]);
  expect((await wholeTable(table('nullable_strings.h5ad'))).genes).toEqual(['TFA', 'TFB', 'HKG']);
});

test('scipy #5807: repeated sparse entries add up', async () => {
  const [split, canonical] = await Promise.all(
    ['split_entries.h5ad', 'canonical.h5ad'].map((name) => wholeTable(table(name))),
  );
  expect(split!.values.reduce((sum, value) => sum + value, 0)).toBe(10978);
  expect(split).toEqual(canonical);
  expect((await study(table('split_entries.h5ad'))).results).toEqual((await study(table('canonical.h5ad'))).results);
});

test.each(['v06_records.h5ad', 'v07_categorical.h5ad'])('anndata #353: the old layout %s', async (name) => {
  expect(await wholeTable(table(name))).toEqual(await wholeTable(table('canonical.h5ad')));
  expect((await study(table(name))).status).toBe(0);
});

test('scvi-tools #198: a cell without counts is left out and counted', async () => {
  const found = await study(table('one_empty_cell.csv'));
  expect(found.status, found.stderr).toBe(0);
  expect(used(found)).toEqual({ control: 59, GENC: 20, TFA: 20, TFB: 20 });
  expect(found.stderr).toContain('left out: 1 cell without counts (control 1)');
});

test('causal-learn #82: the order of columns changes nothing, and what is arbitrary in the graph is shown', async () => {
  const [one, other] = [
    await study(table('order_TFA_TFB.csv'), 'transform=none'),
    await study(table('order_TFB_TFA.csv'), 'transform=none'),
  ];
  expect(other.results).toEqual(one.results);
  expect(other.data.graph).toEqual(one.data.graph);
  const pair = one.data.graph.edges.find(({ from, to }) => from.startsWith('TF') && to.startsWith('TF'));
  expect(pair).toMatchObject({ reversible: true });
  expect(one.stderr).toContain('edges whose direction the control cells do not tell, used in an arbitrary one: ');
});

describe('seurat #5145: columns that are no genes', () => {
  test.each(['genes_only.csv', 'with_qc_columns.csv', 'with_numeric_id.csv'])('%s', async (name) => {
    const [found, right] = [await study(table(name)), await study(table('genes_only.csv'))];
    expect(found.status, found.stderr).toBe(0);
    expect(found.data.genes).toBe(4);
    expect(found.results).toEqual(right.results);
    if (name !== 'genes_only.csv') expect(found.stderr).toContain('columns left out, which ');
  });
});

describe('scPerturb #33: labels that match nothing', () => {
  test('dates and lost hyphens of a spreadsheet: left out, with what is near', async () => {
    const found = await study(table('renamed_by_spreadsheet.csv'));
    expect(used(found)).toEqual({ control: 60, TFB: 20 });
    expect(found.stderr).toContain("left out: 20 cells 'HLADQB1': no gene of that name: the table has 'HLA-DQB1'");
    expect(found.stderr).toContain("left out: 20 cells 'SEPT2': no gene of that name: the table has '2-Sep'");
    const stored = JSON.parse(readFileSync(join(folder, 'out', 'data.json'), 'utf8')) as ScreenRecord;
    expect(stored).toEqual(found.data);
  });

  test('a second control and a pair', async () => {
    const found = await study(table('two_controls_and_a_pair.csv'));
    expect(used(found)).toEqual({ control: 30, GENC: 20, TFA: 10, TFB: 20 });
    expect(found.stderr).toContain("left out: 30 cells 'non-targeting_2': looks like a second control");
    expect(found.stderr).toContain("left out: 10 cells 'TFA+TFB': several genes at once");
  });

  test('missing labels', async () => {
    const found = await study(table('missing_labels.h5ad'));
    expect(used(found)).toEqual({ control: 59, GENC: 20, TFA: 19, TFB: 20 });
    expect(found.stderr).toContain('left out: 2 cells without a label');
  });
});

test('mixscape_seurat #2: 1,989,578 x 8,248 sparse cells, of which two genes are asked for', async () => {
  const [cells, genes] = [1_989_578, 8_248];
  const path = join(folder, 'genome_wide_shape.h5ad');
  await writeGenomeWide(path, cells, genes);
  const heap = () => process.memoryUsage().arrayBuffers;
  const before = heap();
  const found = await study(path, 'genes=[G1, G2]');
  expect(found.status, found.stderr).toBe(0);
  // As a dense matrix it would be 131 GB.
  expect(heap() - before).toBeLessThan(2 ** 30);
  expect(found.data.cells).toBe(cells);
  expect(found.data.conditions.map(({ cells: own, withoutCounts }) => own + withoutCounts)).toEqual([
    663193, 663193, 663192,
  ]);
}, 120_000);

/** One entry in each cell: gene n mod 4 + 1 in cell n, so that both genes vary. */
async function writeGenomeWide(path: string, cells: number, genes: number): Promise<void> {
  await ready;
  const file = new HdfFile(path, 'w');
  const text = (group: ReturnType<typeof file.create_group>, name: string, value: string) =>
    group.create_attribute(name, value);
  file.create_attribute('encoding-type', 'anndata');
  const x = file.create_group('X');
  text(x, 'encoding-type', 'csr_matrix');
  x.create_attribute('shape', new Int32Array([cells, genes]));
  const entry = Int32Array.from({ length: cells }, (_, cell) => cell);
  x.create_dataset({ name: 'data', data: Float32Array.from(entry, (cell) => 1 + (cell % 7)) });
  x.create_dataset({ name: 'indices', data: entry.map((cell) => 1 + (cell % 4)) });
  x.create_dataset({ name: 'indptr', data: Int32Array.from({ length: cells + 1 }, (_, cell) => cell) });
  const obs = file.create_group('obs');
  text(obs, 'encoding-type', 'dataframe');
  text(obs, '_index', '_index');
  const labels = obs.create_group('perturbation');
  text(labels, 'encoding-type', 'categorical');
  labels.create_dataset({ name: 'categories', data: ['control', 'G1', 'G2'] });
  labels.create_dataset({ name: 'codes', data: Int8Array.from(entry, (cell) => cell % 3) });
  const variables = file.create_group('var');
  text(variables, 'encoding-type', 'dataframe');
  text(variables, '_index', '_index');
  variables.create_dataset({ name: '_index', data: Array.from({ length: genes }, (_, gene) => `G${gene}`) });
  file.close();
}
