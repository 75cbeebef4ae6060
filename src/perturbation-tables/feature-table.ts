import { CausalPilotError } from '../../core/errors.js';
import { inspectTextFile } from '../data/text/open-text.js';
import { readNumber } from '../data/text/read-number.js';
import { visitRows } from '../data/text/text-rows.js';

// Shapes: p features.

/** What is known of each perturbation, by the label that cells carry. */
export interface FeatureTable {
  readonly file: string;
  /** [p] */
  readonly features: readonly string[];
  readonly rows: readonly FeatureRow[];
  /** Position of the dose among the features. */
  readonly doseFeature?: number;
}

export interface FeatureRow {
  readonly label: string;
  /** Rows of one group are one perturbation at several doses; the label itself where the table has no such column. */
  readonly group: string;
  /** [p] */
  readonly values: Float64Array;
}

export interface FeatureTableOptions {
  /** Column that names the perturbation. */
  readonly labelColumn: string;
  /** Column that names the perturbation without its dose. */
  readonly groupColumn?: string;
  /** Column of the dose. */
  readonly doseColumn?: string;
}

/**
 * Reads a table with one row per perturbation: its label, perhaps its group, and features in all other columns.
 *
 * @throws CausalPilotError E_INPUT naming file, line and column of what cannot be used.
 */
export async function readFeatureTable(path: string, options: FeatureTableOptions): Promise<FeatureTable> {
  const file = inspectTextFile(path);
  const separator = (file.sample.split(/[\r\n]/, 1)[0] ?? '').includes('\t') ? '\t' : ',';
  const rows: FeatureRow[] = [];
  const seen = new Set<string>();
  let columns: Columns | undefined;
  await visitRows(file, separator, ({ fields, line }) => {
    if (columns === undefined) {
      columns = columnsOf(path, fields, options);
      return true;
    }
    const place = `${path}, line ${line}`;
    const row = readRow(place, fields, columns);
    if (seen.has(row.label))
      throw invalid(`${place}: '${row.label}' is described twice; keep one row per perturbation`);
    seen.add(row.label);
    rows.push(row);
    return true;
  });
  if (columns === undefined || rows.length === 0) throw invalid(`${path}: it describes no perturbation`);
  const { names, dose } = columns;
  return { file: path, features: names, rows, ...(dose < 0 ? {} : { doseFeature: dose }) };
}

interface Columns {
  readonly header: readonly string[];
  readonly label: number;
  readonly group: number;
  /** [p] */
  readonly positions: readonly number[];
  readonly names: readonly string[];
  /** Position among the features, -1 for none. */
  readonly dose: number;
}

function columnsOf(path: string, header: readonly string[], options: FeatureTableOptions): Columns {
  const find = (name: string): number => {
    const position = header.indexOf(name);
    if (position < 0) throw invalid(`${path}: there is no column '${name}'; it has ${header.join(', ')}`);
    return position;
  };
  const label = find(options.labelColumn);
  const group = options.groupColumn === undefined ? label : find(options.groupColumn);
  const positions = [...header.keys()].filter((position) => position !== label && position !== group);
  if (positions.length === 0) throw invalid(`${path}: it has no column of features beside '${options.labelColumn}'`);
  const dose = options.doseColumn === undefined ? -1 : positions.indexOf(find(options.doseColumn));
  return { header, label, group, positions, names: positions.map((position) => header[position] ?? ''), dose };
}

function readRow(place: string, fields: readonly string[], columns: Columns): FeatureRow {
  const values = Float64Array.from(columns.positions, (position) => {
    const field = readNumber(fields[position] ?? '');
    if (field.kind === 'number') return field.value;
    throw invalid(
      `${place}, column '${columns.header[position]}': '${fields[position] ?? ''}' is not a number; encode it as numbers or leave the column out`,
    );
  });
  return { label: fields[columns.label] ?? '', group: fields[columns.group] ?? '', values };
}

function invalid(message: string): CausalPilotError {
  return new CausalPilotError('E_INPUT', message);
}
