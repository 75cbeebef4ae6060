import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CausalPilotError } from '../../core/errors.js';
import { RandomStream } from '../../core/random/stream.js';
import type { ScreenRecord } from '../../src/evaluation/goal/read-screen.js';
import { runScreenStudy } from '../../src/evaluation/goal/run-screen-study.js';
import { screenDataLines } from '../../src/evaluation/goal/screen-data-lines.js';
import { TABLES } from '../src/data/whole-table.js';
import { screenStudy } from '../src/evaluation/goal/screens.js';

// Tables and units of our own making, of the kinds that were reported. Each is read with nothing to say, read with something
// said, or refused in a sentence that names the file; nothing else may happen. docs/cases.md has the counts.

type Outcome = 'read' | 'told' | 'refused';
type Row = readonly (string | number)[];

interface Case {
  readonly name: string;
  readonly outcome: Outcome;
  /** Part of what is said, where something is. */
  readonly says?: string;
  /** Ending of the file. @defaultValue '.csv' */
  readonly ending?: string;
  readonly content: string | Uint8Array;
  readonly study?: Record<string, unknown>;
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-further-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEADER: Row = ['perturbation', 'A', 'B', 'C'];
const ROWS: readonly Row[] = (() => {
  const stream = new RandomStream('further-tables');
  const cells = (label: string, count: number, gene: number): Row[] =>
    Array.from({ length: count }, () => {
      const a = 5 + stream.integer(20);
      const values = [a, Math.round(a / 2) + stream.integer(10), 30 + stream.integer(15)];
      return [label, ...values.map((value, i) => (i === gene ? 0 : value))];
    });
  return [...cells('control', 40, -1), ...cells('A', 12, 0), ...cells('B', 12, 1), ...cells('C', 12, 2)];
})();

const join_ = (rows: readonly Row[], separator = ',', newline = '\n'): string =>
  rows.map((row) => row.join(separator)).join(newline);
const table = (change: (row: Row, index: number) => Row = (row) => row, header = HEADER): string =>
  join_([header, ...ROWS.map(change)]);
/** One value of one cell replaced: gene A of the fourth cell, line 5. */
const withCell = (value: string | number): string =>
  table((row, i) => (i === 3 ? [row[0]!, value, row[2]!, row[3]!] : row));
const relabelled = (from: string, to: string): string =>
  table((row, i) => (row[0] === from && i % 3 === 0 ? [to, ...row.slice(1)] : row));
const scaled = (factor: number, offset = 0): string =>
  table(([label, ...values]) => [label!, ...values.map((value) => Number(value) * factor + offset)]);
const logs = (factor: number, offset = 0): string =>
  table(([label, ...values]) => [label!, ...values.map((value) => Math.log1p(Number(value)) * factor + offset)]);
const NONE = { transform: 'none' };

const TEXT: readonly Case[] = [
  { name: 'commas', outcome: 'read', content: table() },
  { name: 'a last line break', outcome: 'read', content: `${table()}\n` },
  { name: 'Windows line ends', outcome: 'read', content: join_([HEADER, ...ROWS], ',', '\r\n') },
  { name: 'old Mac line ends', outcome: 'read', content: join_([HEADER, ...ROWS], ',', '\r') },
  { name: 'a byte order mark', outcome: 'read', content: `\uFEFF${table()}` },
  { name: 'blank lines', outcome: 'read', content: table().replaceAll('\n', '\n\n') },
  { name: 'tabs', outcome: 'read', ending: '.tsv', content: join_([HEADER, ...ROWS], '\t') },
  { name: 'tabs in a .txt', outcome: 'read', ending: '.txt', content: join_([HEADER, ...ROWS], '\t') },
  { name: 'commas in a .txt', outcome: 'read', ending: '.txt', content: table() },
  { name: 'gzip', outcome: 'read', ending: '.csv.gz', content: gzipSync(table()) },
  { name: 'gzip without the name', outcome: 'read', content: gzipSync(table()) },
  { name: 'quoted fields', outcome: 'read', content: table((row) => row.map((value) => `"${value}"`)) },
  {
    name: 'labels last',
    outcome: 'read',
    content: table(([label, ...values]) => [...values, label!], ['A', 'B', 'C', 'perturbation']),
  },
  {
    name: 'exponents and plus signs',
    outcome: 'read',
    content: table(([label, a, b, c]) => [label!, `${a}e0`, `+${b}`, `${c}.0`]),
  },
  {
    name: 'spaces around numbers',
    outcome: 'read',
    content: table((row) => row.map((value, i) => (i > 0 ? ` ${value} ` : value))),
  },
  {
    name: 'a column of cell names',
    outcome: 'told',
    says: 'columns left out',
    content: table((row, i) => [`c${i}`, ...row], ['barcode', ...HEADER]),
  },
  {
    name: 'an index without a name, as pandas writes it',
    outcome: 'told',
    says: 'columns left out',
    content: table((row, i) => [i, ...row], ['', ...HEADER]),
  },
  {
    name: 'row names without a header, as R writes them',
    outcome: 'refused',
    says: 'line 2',
    content: join_([HEADER, ...ROWS.map((row, i): Row => [`c${i}`, ...row])]),
  },
  { name: 'semicolons', outcome: 'refused', says: 'semicolon', content: join_([HEADER, ...ROWS], ';') },
  {
    name: 'decimal commas',
    outcome: 'refused',
    says: 'decimal',
    content: table((row) => row.map((value, i) => (i > 0 ? `"${value},5"` : value))),
  },
  { name: 'thousands separated', outcome: 'refused', says: "'1,234'", content: withCell('"1,234"') },
  { name: 'UTF-16', outcome: 'refused', says: 'UTF-16', content: Buffer.from(`\uFEFF${table()}`, 'utf16le') },
  {
    name: 'a spreadsheet called .csv',
    outcome: 'refused',
    says: 'spreadsheet',
    content: Buffer.from('PK\u0003\u0004rest'),
  },
  {
    name: 'an old spreadsheet',
    outcome: 'refused',
    says: 'spreadsheet',
    content: Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 1),
  },
  { name: 'bzip2', outcome: 'refused', says: 'bzip2', content: Buffer.from('BZh91AY') },
  { name: 'zstd', outcome: 'refused', says: 'zstd', content: Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0) },
  { name: 'Parquet', outcome: 'refused', says: 'Parquet', content: Buffer.from('PAR1....') },
  {
    name: 'HDF5 called .csv',
    outcome: 'refused',
    says: 'HDF5',
    content: Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10),
  },
  {
    name: 'a cut archive',
    outcome: 'refused',
    says: 'damaged',
    ending: '.csv.gz',
    content: gzipSync(table()).subarray(0, 200),
  },
  { name: 'nothing', outcome: 'refused', says: 'empty', content: '' },
  { name: 'a header alone', outcome: 'refused', says: 'no cells', content: HEADER.join() },
  {
    name: 'a short line',
    outcome: 'refused',
    says: 'line 6',
    content: table((row, i) => (i === 4 ? row.slice(0, 3) : row)),
  },
  {
    name: 'a long line',
    outcome: 'refused',
    says: 'line 6',
    content: table((row, i) => (i === 4 ? [...row, 1] : row)),
  },
  { name: 'an open quote', outcome: 'refused', says: 'quoted', content: withCell('"7') },
  { name: 'an empty value', outcome: 'refused', says: "line 5, column 'A'", content: withCell('') },
  { name: 'NA', outcome: 'refused', says: "line 5, column 'A'", content: withCell('NA') },
  { name: 'NaN', outcome: 'refused', says: "line 5, column 'A'", content: withCell('NaN') },
  { name: 'infinity', outcome: 'refused', says: "line 5, column 'A'", content: withCell('inf') },
  {
    name: 'a value beyond double precision',
    outcome: 'refused',
    says: "line 5, column 'A'",
    content: withCell('1e999'),
  },
  { name: 'hexadecimal', outcome: 'refused', says: "line 5, column 'A'", content: withCell('0x1f') },
  { name: 'a percentage', outcome: 'refused', says: "line 5, column 'A'", content: withCell('5%') },
  { name: 'a word among numbers', outcome: 'refused', says: "line 5, column 'A'", content: withCell('seven') },
  {
    name: 'a gene twice',
    outcome: 'refused',
    says: "two genes 'A'",
    content: table((row) => [...row, 4], [...HEADER, 'A']),
  },
  {
    name: 'the label column twice',
    outcome: 'refused',
    says: 'perturbation',
    content: table((row) => [...row, row[0]!], [...HEADER, 'perturbation']),
  },
  {
    name: 'genes as rows',
    outcome: 'refused',
    says: "no column 'perturbation'",
    content: join_([
      ['gene', ...ROWS.map((_, i) => `c${i}`)],
      ...['A', 'B', 'C'].map((gene, g): Row => [gene, ...ROWS.map((row) => row[g + 1]!)]),
    ]),
  },
  {
    name: 'labels under another name',
    outcome: 'refused',
    says: "no column 'perturbation'",
    content: table((row) => row, ['guide', 'A', 'B', 'C']),
  },
  {
    name: 'numbers of rows',
    outcome: 'refused',
    says: 'numbers the rows',
    content: table((row, i) => [i, ...row], ['nr', ...HEADER]),
  },
  {
    name: 'sums of all genes',
    outcome: 'refused',
    says: 'sum',
    content: table((row) => [...row, Number(row[1]) + Number(row[2]) + Number(row[3])], [...HEADER, 'all']),
  },
];

const LABELS: readonly Case[] = [
  {
    name: 'controls in capitals',
    outcome: 'refused',
    says: "'Control' looks like one",
    content: table(([label, ...values]) => [label === 'control' ? 'Control' : label!, ...values]),
  },
  {
    name: 'controls under another name',
    outcome: 'refused',
    says: "'NT' looks like one",
    content: table(([label, ...values]) => [label === 'control' ? 'NT' : label!, ...values]),
  },
  { name: 'a gene in lower case', outcome: 'told', says: "the table has 'A'", content: relabelled('A', 'a') },
  {
    name: 'a label with a guide number',
    outcome: 'told',
    says: "left out: 4 cells 'A_1'",
    content: relabelled('A', 'A_1'),
  },
  {
    name: 'a gene beside the control',
    outcome: 'told',
    says: 'the gene A beside a control',
    content: relabelled('A', 'A+control'),
  },
  { name: 'two genes', outcome: 'told', says: 'several genes at once', content: relabelled('A', 'A|B') },
  { name: 'missing labels', outcome: 'told', says: 'without a label', content: relabelled('A', '') },
  {
    name: 'an unknown gene',
    outcome: 'told',
    says: "left out: 4 cells 'ZZZ9': no gene of that name",
    content: relabelled('A', 'ZZZ9'),
  },
  {
    name: 'a knockdown',
    outcome: 'told',
    says: 'knockdown of A, no knockout',
    content: relabelled('A', 'A:knockdown'),
  },
  {
    name: 'no knockouts',
    outcome: 'refused',
    says: 'no label names a gene',
    content: table(([label, ...values]) => [label === 'control' ? label : `x${label}`, ...values]),
  },
  {
    name: 'a gene that is never knocked out',
    outcome: 'refused',
    says: "gene 'D'",
    content: table((row) => [...row, 3], [...HEADER, 'D']),
    study: { genes: ['A', 'D'] },
  },
];

const VALUES: readonly Case[] = [
  { name: 'a negative count', outcome: 'refused', says: "line 5, gene 'A': a negative value", content: withCell(-1) },
  {
    name: 'a cell without counts',
    outcome: 'told',
    says: '1 cell without counts',
    content: table((row, i) => (i === 3 ? [row[0]!, 0, 0, 0] : row)),
  },
  {
    name: 'a knockout without counts',
    outcome: 'refused',
    says: 'has counts',
    content: table((row) => (row[0] === 'A' ? ['A', 0, 0, 0] : row)),
  },
  {
    name: 'a constant gene',
    outcome: 'refused',
    says: "gene 'B' does not vary",
    content: table(([label, a, , c]) => [label!, a!, 7, c!]),
    study: NONE,
  },
  {
    name: 'a gene twice as another',
    outcome: 'refused',
    says: 'linear combination of A',
    content: table(([label, a, , c]) => [label!, a!, 2 * Number(a), c!]),
    study: NONE,
  },
  { name: 'too few controls', outcome: 'refused', says: 'too few', content: join_([HEADER, ...ROWS.slice(36)]) },
  { name: 'counts without transform', outcome: 'told', says: 'look like counts', content: table(), study: NONE },
  { name: 'logarithms as counts', outcome: 'told', says: 'look like logarithms', content: logs(1) },
  { name: 'logarithms', outcome: 'read', content: logs(1), study: NONE },
  { name: 'centred logarithms', outcome: 'told', says: 'negative values', content: logs(1, -2), study: NONE },
  {
    name: 'logarithms and a million',
    outcome: 'refused',
    says: 'subtract what was added',
    content: logs(1, 1e6),
    study: NONE,
  },
  { name: 'logarithms times 1e-9', outcome: 'read', content: logs(1e-9), study: NONE },
  { name: 'logarithms times 1e-3', outcome: 'read', content: logs(1e-3), study: NONE },
  {
    name: 'logarithms times 1e3',
    outcome: 'told',
    says: 'neither like counts nor like logarithms',
    content: logs(1e3),
    study: NONE,
  },
  {
    name: 'logarithms times 1e9',
    outcome: 'told',
    says: 'neither like counts nor like logarithms',
    content: logs(1e9),
    study: NONE,
  },
  { name: 'counts times 1e-9', outcome: 'told', says: 'look like logarithms', content: scaled(1e-9) },
  { name: 'counts times 1e9', outcome: 'read', content: scaled(1e9) },
  { name: 'values of 1e200', outcome: 'refused', says: 'unit', content: logs(1e200), study: NONE },
  { name: 'values of 1e-200', outcome: 'refused', says: 'unit', content: logs(1e-200), study: NONE },
  {
    name: 'more cells drawn than there are',
    outcome: 'told',
    says: 'more than once',
    content: table(),
    study: { warmUpCells: 60 },
  },
];

/** Files of the fixtures: every AnnData layout and how its numbers are stored. */
const H5AD: readonly (Omit<Case, 'content'> & { readonly file: string })[] = [
  {
    name: 'anndata 0.5',
    file: 'anndata-0.5.10.h5ad',
    outcome: 'refused',
    says: "3 'control' cells with counts are too few for 2 genes",
  },
  {
    name: 'anndata 0.6',
    file: 'anndata-0.6.22.h5ad',
    outcome: 'refused',
    says: "3 'control' cells with counts are too few for 2 genes",
  },
  {
    name: 'anndata 0.7',
    file: 'anndata-0.7.4.h5ad',
    outcome: 'refused',
    says: "3 'control' cells with counts are too few for 2 genes",
  },
  {
    name: 'anndata 0.12',
    file: 'anndata-0.12.19.h5ad',
    outcome: 'refused',
    says: "3 'control' cells with counts are too few for 2 genes",
  },
  {
    name: 'anndata 0.13',
    file: 'anndata-0.13.4.h5ad',
    outcome: 'refused',
    says: "3 'control' cells with counts are too few for 2 genes",
  },
  {
    name: 'a layer that is not there',
    file: 'canonical.h5ad',
    outcome: 'refused',
    says: "no matrix 'spliced'",
    study: { matrix: 'spliced' },
  },
  {
    name: 'a column of genes that is not there',
    file: 'canonical.h5ad',
    outcome: 'refused',
    says: 'symbol',
    study: { geneColumn: 'symbol' },
  },
  {
    name: 'a column of labels that is not there',
    file: 'canonical.h5ad',
    outcome: 'refused',
    says: 'guide',
    study: { perturbationColumn: 'guide' },
  },
];

async function outcomeOf(
  file: string,
  study: Record<string, unknown>,
): Promise<{ outcome: Outcome; text: string; data?: ScreenRecord }> {
  const options = { transform: 'log-normalise', runs: 1, budget: 1, rows: 2, warmUpCells: 20, ...study };
  try {
    const { data } = (await runScreenStudy({ study: screenStudy(file, options) }))!;
    const lines = screenDataLines(data);
    const told = lines.filter((line) => /^(warning|left out|columns left out)/.test(line));
    return { outcome: told.length > 0 ? 'told' : 'read', text: lines.join('\n'), data };
  } catch (error) {
    // Anything else would be an unexpected error on the command line.
    if (!(error instanceof CausalPilotError) || !['E_INPUT', 'E_CONFIG'].includes(error.code)) throw error;
    return { outcome: 'refused', text: error.message };
  }
}

const GENERATED: readonly (readonly [string, readonly Case[]])[] = [
  ['text', TEXT],
  ['labels', LABELS],
  ['values', VALUES],
];

describe.each(GENERATED)('%s', (kind, cases) => {
  test.each(cases.map((one) => [one.name, one] as const))(
    '%s',
    async (name, { content, ending = '.csv', says, outcome, study = {} }) => {
      const file = join(folder, `${kind}-${cases.findIndex((one) => one.name === name)}${ending}`);
      writeFileSync(file, content);
      const found = await outcomeOf(file, study);
      expect(found.text).toContain(says ?? '');
      expect(found.outcome, found.text).toBe(outcome);
      expect(found.text).toContain(file);
      if (outcome === 'read') {
        expect(found.data!.cells).toBe(ROWS.length);
        expect(found.data!.conditions.map(({ cells }) => cells)).toEqual([40, 12, 12, 12]);
      }
    },
  );
});

describe('AnnData', () => {
  test.each(H5AD.map((one) => [one.name, one] as const))('%s', async (_, { file, outcome, says, study = {} }) => {
    const found = await outcomeOf(join(TABLES, file), study);
    expect(found.text).toContain(says ?? '');
    expect(found.outcome, found.text).toBe(outcome);
  });
});

const OTHER_ENDINGS = ['.zarr', '.loom', '.h5', '.h5mu', '.mtx', '.rds', '.xlsx', '.parquet', '.feather', '.pkl'];

describe('other files', () => {
  test.each(OTHER_ENDINGS)('%s', async (ending) => {
    const file = join(folder, `cells${ending}`);
    if (ending === '.zarr') mkdirSync(file);
    else writeFileSync(file, 'x');
    expect(await outcomeOf(file, {})).toMatchObject({ outcome: 'refused', text: expect.stringContaining(file) });
  });
});

test('counts by outcome are those of docs/cases.md', () => {
  const all = [
    ...GENERATED.flatMap(([, cases]) => cases),
    ...H5AD,
    ...OTHER_ENDINGS.map(() => ({ outcome: 'refused' })),
  ];
  const count = (wanted: Outcome): number => all.filter(({ outcome }) => outcome === wanted).length;
  const document = readFileSync(new URL('../../docs/cases.md', import.meta.url), 'utf8');
  expect(document).toContain(
    `${all.length} tables: ${count('read')} read with nothing to say, ${count('told')} read with something said, ${count('refused')} refused`,
  );
});
