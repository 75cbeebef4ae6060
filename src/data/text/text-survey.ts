import { nearestName } from '../../../core/config/nearest-name.js';
import { CausalPilotError } from '../../../core/errors.js';
import type { CellLabels, CellSourceOptions } from '../cells/cell-source.js';
import { LabelCollector } from '../cells/label-collector.js';
import { listNames } from '../cells/list-names.js';
import { type ColumnRoles, columnRoles } from './column-roles.js';
import { NumberingCheck } from './numbering-check.js';
import { refused, type TextFile } from './open-text.js';
import { type TextRow, visitRows } from './text-rows.js';

// Shapes: n cells, c columns of the file.

/** Rows by which columns are told apart. */
const ROWS_LOOKED_AT = 100;

/** What a first reading of a text table tells. */
export interface TextSurvey {
  /** [c] */
  readonly header: readonly string[];
  readonly roles: ColumnRoles;
  /** [n]: where each cell stands in the file. */
  readonly lines: Int32Array;
  readonly labels: CellLabels;
}

/** @throws CausalPilotError E_INPUT naming file, line and column of what cannot be used. */
export async function surveyText(file: TextFile, separator: string, options: CellSourceOptions): Promise<TextSurvey> {
  let header: readonly string[] = [];
  let perturbation = -1;
  const labels = new LabelCollector();
  const lines: number[] = [];
  const firstRows: (readonly string[])[] = [];
  let numberings: NumberingCheck | undefined;
  await visitRows(file, separator, (row) => {
    if (perturbation === -1) {
      header = readHeader(file, row, separator);
      perturbation = perturbationPosition(file, header, options.perturbationColumn);
      return true;
    }
    checkLength(file, header, row, lines.length === 0);
    const label = (row.fields[perturbation] ?? '').trim();
    labels.add(label === '' ? undefined : label);
    lines.push(row.line);
    if (firstRows.length < ROWS_LOOKED_AT) {
      firstRows.push(row.fields);
      return true;
    }
    numberings ??= new NumberingCheck(firstRows);
    numberings.add(row.fields);
    return true;
  });
  if (perturbation === -1) throw refused(file.path, 'it has no header line');
  if (lines.length === 0) throw refused(file.path, 'it has a header but no cells below it');
  const survey = { header, rows: firstRows, perturbation, labels: new Set(labels.names) };
  const roles = columnRoles({ ...survey, ignored: options.ignoredColumns });
  refuseOddColumns(file, {
    header,
    roles,
    numberings: numberings ?? new NumberingCheck(firstRows),
    labels: survey.labels,
  });
  return { header, roles, lines: Int32Array.from(lines), labels: labels.finish() };
}

const SEPARATORS: readonly (readonly [string, string])[] = [
  [',', 'commas'],
  ['\t', 'tabs'],
  [';', 'semicolons'],
  ['|', 'bars'],
  [' ', 'spaces'],
];

function readHeader({ path }: TextFile, { fields }: TextRow, separator: string): string[] {
  const header = fields.map((name) => name.trim());
  if (header.some((name) => name.includes('\uFFFD')))
    throw refused(path, 'line 1 has bytes that are not UTF-8; save the file as UTF-8');
  if (header.length > 1) return header;
  const [line = ''] = fields;
  const other = SEPARATORS.find(([character]) => character !== separator && line.includes(character));
  const wanted = separator === '\t' ? 'tabs (a .csv may have commas)' : 'commas (a .tsv may have tabs)';
  throw refused(
    path,
    other === undefined
      ? `line 1 has only one column, '${line}'; columns are separated by ${wanted}`
      : `its columns are separated by ${other[1]}; save it with ${wanted} and decimal points`,
  );
}

function perturbationPosition({ path }: TextFile, header: readonly string[], column: string): number {
  const position = header.indexOf(column);
  if (position !== -1 && header.indexOf(column, position + 1) !== -1)
    throw new CausalPilotError('E_INPUT', `${path}, line 1: there are two columns '${column}'; rename one`);
  if (position !== -1) return position;
  const near = nearestName(column, header);
  throw new CausalPilotError(
    'E_INPUT',
    `${path}, line 1: there is no column '${column}'${near === undefined ? '' : ` (is it '${near}'?)`}; name the one that says what was done to each cell by perturbationColumn; the columns are ${listNames(header)}`,
  );
}

function checkLength({ path }: TextFile, header: readonly string[], { fields, line }: TextRow, isFirst: boolean): void {
  if (fields.length === header.length) return;
  const hint =
    isFirst && fields.length === header.length + 1
      ? '; if the first field names the row, name its column too'
      : fields.length > header.length
        ? '; decimal commas and unquoted commas in names do that'
        : '';
  throw new CausalPilotError(
    'E_INPUT',
    `${path}, line ${line}: ${fields.length} fields where the header has ${header.length}${hint}`,
  );
}

interface OddColumns {
  readonly header: readonly string[];
  readonly roles: ColumnRoles;
  readonly numberings: NumberingCheck;
  readonly labels: ReadonlySet<string>;
}

/** Numbers of rows and library sizes among the genes would spoil every total. */
function refuseOddColumns({ path }: TextFile, { header, roles, numberings, labels }: OddColumns): void {
  const numbering = numberings.columns.find(
    (column) => roles.genes.includes(column) && !labels.has(header[column] ?? ''),
  );
  const [odd, what] =
    numbering === undefined ? [roles.sum, 'is the sum of all other genes'] : [numbering, 'numbers the rows'];
  if (odd === undefined) return;
  throw new CausalPilotError(
    'E_INPUT',
    `${path}: column '${header[odd]}' ${what} and is no gene; list it in ignoredColumns`,
  );
}
