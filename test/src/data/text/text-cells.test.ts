import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CellSourceOptions } from '../../../../src/data/cells/cell-source.js';
import { openTextCells } from '../../../../src/data/text/text-cells.js';
import { TABLES, wholeTable } from '../whole-table.js';

let folder = '';
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causal-pilot-text-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: string | Uint8Array, ending = 'csv'): string {
  const path = join(folder, `cells-${count++}.${ending}`);
  writeFileSync(path, content);
  return path;
}

const OPTIONS: CellSourceOptions = { perturbationColumn: 'perturbation', ignoredColumns: [] };
const open = (content: string | Uint8Array, options = OPTIONS) => openTextCells(file(content), ',', options);

describe('text tables', () => {
  test('quotes, line breaks in quotes, blank lines, Windows and old Mac line ends, a byte order mark', async () => {
    const expected = { genes: ['A', 'B,b', 'C'], values: [1, 0, 2.5, 0, 1e-3, 3], labels: ['control', 'B,b'] };
    for (const [before, lineEnd] of [
      ['', '\n'],
      ['\uFEFF', '\r\n'],
      ['\uFEFF', '\n'],
      ['', '\r'],
    ] as const) {
      const lines = ['"A","B,b",perturbation,"note",C', '1,0,control,"two words",2.5', '0,1e-3,"B,b",last,3', ''];
      expect(await wholeTable(file(before + lines.join(lineEnd))), JSON.stringify(lineEnd)).toMatchObject(expected);
    }
    const broken = 'A,note,perturbation\n1,"one\nand two",control\n\n2,x,A\n';
    const source = await open(broken);
    expect(source.genes).toEqual(['A']);
    expect([source.nameCell(0), source.nameCell(1)]).toEqual(['line 2', 'line 5']);
  });

  test('only the cells and columns asked for are read, in the order of the request', async () => {
    const source = await open('A,B,C,perturbation\n1,2,3,x\n4,5,6,x\n7,8,9,y\n');
    const read = await source.read({ columns: [2, 0], cells: Int32Array.of(0, 2), totals: false });
    expect([...read.values]).toEqual([3, 1, 9, 7]);
    expect(read.totals).toBeUndefined();
    expect([...(await source.read({ columns: [1], cells: Int32Array.of(1), totals: true })).totals!]).toEqual([15]);
  });

  test('a large table survives in pieces: every value and every label, multi-byte ones included', async () => {
    const rows = 40_000;
    const lines = Array.from(
      { length: rows },
      (_, row) => `${row % 3 === 0 ? 'größe' : 'control'},${row},${row % 7}.5`,
    );
    const content = `perturbation,größe,B\n${lines.join('\n')}\n`;
    for (const path of [file(content), file(gzipSync(content), 'csv.gz')]) {
      const { values, labels, totals } = await wholeTable(path);
      expect(labels.filter((label) => label === 'größe')).toHaveLength(Math.ceil(rows / 3));
      for (let row = 0; row < rows; row += 997) {
        expect(values.slice(2 * row, 2 * row + 2)).toEqual([row, (row % 7) + 0.5]);
        expect(totals[row]).toBe(row + (row % 7) + 0.5);
      }
    }
  });

  test('totals do not depend on the order of columns, to the last bit', async () => {
    const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 3, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(values, fc.infiniteStream(fc.nat()), async (row, keys) => {
        const order = row.map((_, i) => ({ i, key: keys.next().value as number })).sort((a, b) => a.key - b.key);
        const write = (indices: number[]) =>
          `perturbation,${indices.map((i) => `G${i}`).join()}\nG0,${indices.map((i) => row[i]).join()}\n`;
        const straight = await wholeTable(file(write([...row.keys()])));
        const shuffled = await wholeTable(file(write(order.map(({ i }) => i))));
        expect(shuffled.totals).toEqual(straight.totals);
      }),
      { numRuns: 30 },
    );
  });
});

describe('columns that are no genes', () => {
  test.each([
    ['with_qc_columns.csv', ['n_counts', 'percent_mito'], 'are called like quality figures or groupings'],
    ['with_numeric_id.csv', ['id'], 'name or number the cells'],
  ])('%s: the same totals as without', async (name, columns, reason) => {
    const path = join(TABLES, name);
    expect(await wholeTable(path)).toEqual(await wholeTable(join(TABLES, 'genes_only.csv')));
    expect((await openTextCells(path, ',', OPTIONS)).passedOver).toEqual([{ columns, reason }]);
  });

  test('text and what is listed are passed over; a column that names a label is a gene whatever it is called', async () => {
    const source = await openTextCells(
      file('cell,batch,leiden,phase,T,perturbation\nx,b1,3,G1,1,leiden\ny,b2,4,S,2,control\n'),
      ',',
      { ...OPTIONS, ignoredColumns: ['T'] },
    );
    expect(source.genes).toEqual(['leiden']);
    expect(source.passedOver).toEqual([
      { columns: ['cell'], reason: 'name or number the cells' },
      { columns: ['batch'], reason: 'are called like quality figures or groupings' },
      { columns: ['phase'], reason: 'hold text' },
      { columns: ['T'], reason: 'listed in ignoredColumns' },
    ]);
  });

  test('numbers of rows in any order and sums of all genes are refused by what they hold', async () => {
    const rows = 150;
    const cells = Array.from({ length: rows }, (_, row) => [(row * 7) % 5, (row * 3) % 11, (row * 5) % 13]);
    const lines = (extra: (row: number) => number) =>
      `perturbation,A,B,C,extra\n${cells.map((values, row) => ['control', ...values, extra(row)].join()).join('\n')}\n`;
    await expect(open(lines((row) => 1000 + ((row * 77) % rows)))).rejects.toThrow("column 'extra' numbers the rows");
    const sum = lines((row) => cells[row]!.reduce((total, value) => total + value, 0));
    await expect(open(sum)).rejects.toThrow("column 'extra' is the sum of all other genes and is no gene; list it in");
    expect((await open(sum, { ...OPTIONS, ignoredColumns: ['extra'] })).genes).toEqual(['A', 'B', 'C']);
    expect((await open(lines((row) => (row * row) % 17))).genes).toContain('extra');
  });
});

describe('refused in a sentence with the place', () => {
  test.each([
    ['', 'cannot be read as a table: it is empty'],
    ['\n\n', 'it has no header line'],
    ['A,perturbation\n', 'it has a header but no cells below it'],
    ['A,B\n1,2\n', "line 1: there is no column 'perturbation'; name the one that says what was done"],
    ['A,Perturbation\n1,2\n', "is it 'Perturbation'?"],
    ['A,perturbation,perturbation\n1,2,3\n', "there are two columns 'perturbation'"],
    ['A,perturbation\n1,B\n2\n', 'line 3: 1 fields where the header has 2'],
    ['A,perturbation\nc1,1,B\n', 'if the first field names the row, name its column too'],
    ['A,B,perturbation\n1,2,B\n1,5,2,B\n', 'decimal commas and unquoted commas in names do that'],
    ['A,perturbation\n1,"B\n2,C\n', 'a quoted field is not closed'],
    ['A;perturbation\n1,5;B\n', 'its columns are separated by semicolons; save it with commas'],
    ['A\tperturbation\n1\tB\n', 'its columns are separated by tabs'],
    ['A perturbation\n1 B\n', 'its columns are separated by spaces'],
    ['perturbation\nB\n', "line 1 has only one column, 'perturbation'"],
  ])('%j', async (content, message) => {
    await expect(open(content)).rejects.toThrow(message);
  });

  test.each([
    ['A,B,perturbation\n1,2,B\n"1,5",2,B\n', "line 3, column 'A': '1,5' has a decimal comma"],
    [
      'A,B,perturbation\n1,2,B\nhigh,2,B\n',
      "line 3, column 'A': 'high' is not a number; list the column in ignoredColumns",
    ],
    ['A,B,perturbation\n1,2,B\n,2,B\n', "line 3, column 'A': there is no finite number but ''"],
    ['A,B,perturbation\n1,2,B\nNA,2,B\n', "line 3, column 'A': there is no finite number but 'NA'"],
    ['A,B,perturbation\n1,inf,B\n1,2,B\n', "line 2, column 'B': there is no finite number but 'inf'"],
    ['A,B,perturbation\n1,1e999,B\n1,2,B\n', "line 2, column 'B': there is no finite number but '1e999'"],
  ])('%j', async (content, message) => {
    const source = await open(content);
    const cells = Int32Array.from({ length: source.cells }, (_, cell) => cell);
    await expect(source.read({ columns: [0], cells, totals: true })).rejects.toThrow(message);
  });

  const utf16 = (text: string) => Buffer.from(text, 'utf16le');
  test.each([
    ['UTF-16 with its mark', utf16('\uFEFFA,perturbation\n1,B\n'), 'it is UTF-16 text; save it as UTF-8'],
    ['UTF-16 without', utf16('A,perturbation\n1,B\n'), 'it is UTF-16 text'],
    ['UTF-16 in gzip', gzipSync(utf16('A,perturbation\n1,B\n')), 'it is UTF-16 text'],
    ['a spreadsheet', Buffer.from('PK\u0003\u0004rest'), 'it is a spreadsheet (.xlsx)'],
    ['HDF5', Buffer.from([0x89, 0x48, 0x44, 0x46, 0x0d]), 'it is an HDF5 file; name it .h5ad'],
    ['Latin-1', Buffer.from('gr\u00f6\u00dfe,perturbation\n1,B\n', 'latin1'), 'bytes that are not UTF-8'],
    ['binary', Buffer.from(`A,perturbation\n${'1,B\n'.repeat(9)}\0\n`), 'it has bytes of value 0'],
    ['a broken archive', gzipSync('A,perturbation\n1,B\n').subarray(0, 12), 'damaged'],
  ])('%s', async (_, content, message) => {
    await expect(open(content)).rejects.toThrow(message);
  });

  test('an archive that is cut off, and a .gz that is none', async () => {
    const rows = Array.from({ length: 50_000 }, (_, row) => `${Math.sin(row)},B`).join('\n');
    const packed = gzipSync(`A,perturbation\n${rows}\n`);
    await expect(open(packed.subarray(0, packed.length - 4000))).rejects.toThrow('damaged or cut off');
    await expect(openTextCells(file('A,perturbation\n1,B\n', 'csv.gz'), ',', OPTIONS)).rejects.toThrow(
      'it is not compressed by gzip, as its name says',
    );
  });
});
