import { Dataset, Group } from 'h5wasm/node';
import { nearestName } from '../../../core/config/nearest-name.js';
import type { CellLabels } from '../cells/cell-source.js';
import { LabelCollector } from '../cells/label-collector.js';
import { listNames } from '../cells/list-names.js';
import type { Hdf5Reader } from './hdf5-file.js';
import { holdsNumbers, readNumbers } from './numbers.js';

// Tables `obs` and `var`, as AnnData has written them so far:
//   0.7 and later: a group of columns with the attribute `_index`; categoricals are groups of `codes` and `categories` (0.8 on), or
//     datasets of codes with the categories in `__categories` (0.7); text, whole numbers and booleans that may be missing are
//     groups of `values` and `mask`.
//   0.6 and before: one dataset of records; categoricals are codes with the categories in `uns/<column>_categories`.

/** Rows that are read at once. */
const BLOCK = 1 << 17;

/** A table of columns in an AnnData file. */
export interface DataFrame {
  /** Its path in the file. */
  readonly path: string;
  /** Rows. */
  readonly length: number;
  readonly columns: readonly string[];
  /** The name of the column with the names of the rows. */
  readonly index: string;
  /** A column as text; -1 where it says nothing. @throws CausalPilotError E_INPUT where there is no such column. */
  labels(column: string): CellLabels;
  /** One entry of the index, for messages; undefined where the table has none. */
  rowName(row: number): string | undefined;
}

/** @throws CausalPilotError E_INPUT where there is no table at the path. */
export function openDataFrame(reader: Hdf5Reader, path: string): DataFrame {
  const entry = reader.find(path);
  if (entry instanceof Group) return groupFrame(reader, entry, path);
  if (entry instanceof Dataset && entry.metadata.compound_type !== undefined) return recordFrame(reader, entry, path);
  throw reader.invalid(`it has no table '${path}'`);
}

/** [n]: the labels written out, '' where one is missing. */
export function labelTexts({ names, codes }: CellLabels): string[] {
  return Array.from(codes, (code) => names[code] ?? '');
}

function groupFrame(reader: Hdf5Reader, group: Group, path: string): DataFrame {
  const index = reader.text(group, '_index') ?? '_index';
  const columns = group.keys().filter((name) => name !== '__categories' && name !== index);
  const indexPath = `${path}/${index}`;
  const at = (column: string): string => {
    if (reader.find(`${path}/${column}`) !== undefined) return `${path}/${column}`;
    throw missingColumn(reader, path, column, columns);
  };
  return {
    path,
    length: columnLength(reader, path, [index, ...columns]),
    columns,
    index,
    labels: (column) => readColumn(reader, at(column), `${path}/__categories/${column}`),
    rowName: (row) =>
      reader.find(indexPath) === undefined ? undefined : readColumn(reader, indexPath, '', [row, 1]).names[0],
  };
}

function recordFrame(reader: Hdf5Reader, records: Dataset, path: string): DataFrame {
  const members = records.metadata.compound_type?.members.map(({ name }) => name) ?? [];
  const index = members.find((name) => name === 'index' || name === '_index') ?? members[0] ?? '';
  const length = records.shape?.[0] ?? 0;
  const columns = members.filter((name) => name !== index);
  const position = (column: string): number => {
    const found = members.indexOf(column);
    if (found === -1) throw missingColumn(reader, path, column, columns);
    return found;
  };
  return {
    path,
    length,
    columns,
    index,
    labels: (column) => {
      const categories = reader.find(`uns/${column}_categories`);
      const names = categories instanceof Dataset ? texts(reader, categories) : undefined;
      const member = position(column);
      const isBoolean = records.metadata.compound_type?.members[member]?.enum_type !== undefined;
      const collector = new LabelCollector();
      for (let row = 0; row < length; row += BLOCK)
        for (const field of recordFields(reader, records, [row, Math.min(BLOCK, length - row)], member))
          collector.add(names === undefined ? (isBoolean ? booleanText(field) : asText(field)) : names[Number(field)]);
      return collector.finish();
    },
    rowName: (row) => String(recordFields(reader, records, [row, 1], position(index))[0]),
  };
}

function recordFields(reader: Hdf5Reader, records: Dataset, [row, count]: RowRange, member: number): unknown[] {
  const block = reader.attempt(records.path, () => records.slice([[row, row + count]]));
  return (block as unknown[][]).map((record) => record[member]);
}

function missingColumn(reader: Hdf5Reader, path: string, column: string, columns: readonly string[]) {
  const near = nearestName(column, columns);
  const hint = near === undefined ? '' : ` (is it '${near}'?)`;
  const listed = columns.length === 0 ? 'it has none' : `its columns are ${listNames(columns, 12)}`;
  return reader.invalid(`${path} has no column '${column}'${hint}; ${listed}`);
}

/** First row and number of rows. */
type RowRange = readonly [number, number];

/** Rows of the first column that is there: an index is not always written. */
function columnLength(reader: Hdf5Reader, path: string, columns: readonly string[]): number {
  for (const column of columns) {
    const inside = ['', '/values', '/codes'].map((part) => reader.find(`${path}/${column}${part}`));
    const values = inside.find((entry) => entry instanceof Dataset);
    if (values instanceof Dataset) return values.shape?.[0] ?? 0;
  }
  throw reader.invalid(`the table '${path}' has no columns`);
}

/** A column of any encoding as text. */
function readColumn(reader: Hdf5Reader, path: string, oldCategories: string, range?: RowRange): CellLabels {
  const entry = reader.find(path);
  if (entry instanceof Dataset) {
    const categories = oldCategories === '' ? undefined : reader.find(oldCategories);
    return categories === undefined
      ? plainColumn(reader, reader.dataset(path), undefined, range)
      : categorical(reader, path, oldCategories, range);
  }
  if (reader.find(`${path}/codes`) !== undefined)
    return categorical(reader, `${path}/codes`, `${path}/categories`, range);
  if (reader.find(`${path}/values`) !== undefined)
    return plainColumn(reader, reader.dataset(`${path}/values`), reader.dataset(`${path}/mask`), range);
  throw reader.invalid(`'${path}' is encoded in an unknown way`);
}

function categorical(reader: Hdf5Reader, codes: string, categories: string, range?: RowRange): CellLabels {
  const all = readColumn(reader, categories, '');
  const names = labelTexts(all);
  const collector = new LabelCollector();
  eachBlock(reader.dataset(codes), range, (dataset, [row, count]) => {
    for (const code of readNumbers(reader, dataset, [row], [count]))
      collector.add(all.codes[code] === -1 ? undefined : names[code]);
  });
  return collector.finish();
}

function plainColumn(reader: Hdf5Reader, values: Dataset, mask: Dataset | undefined, range?: RowRange): CellLabels {
  const collector = new LabelCollector();
  eachBlock(values, range, (dataset, [row, count]) => {
    const isMissing = mask === undefined ? undefined : readNumbers(reader, mask, [row], [count]);
    columnTexts(reader, dataset, [row, count]).forEach((text, i) => {
      collector.add(isMissing?.[i] === 1 ? undefined : text);
    });
  });
  return collector.finish();
}

function eachBlock(dataset: Dataset, range: RowRange | undefined, visit: (dataset: Dataset, block: RowRange) => void) {
  const [first, count] = range ?? [0, dataset.shape?.[0] ?? 0];
  for (let row = first; row < first + count; row += BLOCK) visit(dataset, [row, Math.min(BLOCK, first + count - row)]);
}

function texts(reader: Hdf5Reader, dataset: Dataset): string[] {
  return columnTexts(reader, dataset, [0, dataset.shape?.[0] ?? 0]).map((text) => text ?? '');
}

function columnTexts(reader: Hdf5Reader, dataset: Dataset, [row, count]: RowRange): (string | undefined)[] {
  if (count === 0) return [];
  if (holdsNumbers(dataset)) {
    const isBoolean = dataset.metadata.enum_type !== undefined;
    return Array.from(readNumbers(reader, dataset, [row], [count]), (value) =>
      isBoolean ? booleanText(value) : asText(value),
    );
  }
  const block = reader.attempt(dataset.path, () => dataset.slice([[row, row + count]]));
  if (!Array.isArray(block) || block.some((entry) => typeof entry !== 'string'))
    throw reader.invalid(`'${dataset.path}' holds neither text nor numbers`);
  return block.map(asText);
}

function asText(value: unknown): string | undefined {
  const text = String(value).trim();
  return text === '' || Number.isNaN(value) ? undefined : text;
}

function booleanText(value: unknown): string {
  return Number(value) === 1 ? 'True' : 'False';
}
