import type { PassedOver } from '../cells/cell-source.js';
import { namesFigure, namesRows } from './column-names.js';
import { readNumber } from './read-number.js';

// Shapes: r rows looked at, c columns.

export interface ColumnRoles {
  /** Positions of the columns that are genes. */
  readonly genes: readonly number[];
  readonly passedOver: readonly PassedOver[];
  /** A column that is the sum of all others in every row looked at. */
  readonly sum: number | undefined;
}

export interface ColumnQuestion {
  readonly header: readonly string[];
  /** [r][c]: the first rows. */
  readonly rows: readonly (readonly string[])[];
  readonly perturbation: number;
  readonly ignored: readonly string[];
  /** Labels of cells: a column of such a name is a gene whatever it looks like. */
  readonly labels: ReadonlySet<string>;
}

/** Fewer rows cannot tell a sum from a gene. */
const FEWEST_ROWS = 10;

/** Which columns of a text table are genes, told by their names and by the first rows. */
export function columnRoles({ header, rows, perturbation, ignored, labels }: ColumnQuestion): ColumnRoles {
  const groups = new Map<string, string[]>();
  const genes: number[] = [];
  header.forEach((name, column) => {
    if (column === perturbation) return;
    const reason = reasonToPassOver(name, column, { rows, ignored, labels });
    if (reason === undefined) genes.push(column);
    else groups.set(reason, [...(groups.get(reason) ?? []), name === '' ? `(column ${column + 1})` : name]);
  });
  const suspects = rows.length < FEWEST_ROWS ? [] : genes.filter((column) => !labels.has(header[column] ?? ''));
  return {
    genes,
    passedOver: Array.from(groups, ([reason, columns]) => ({ reason, columns })),
    sum: suspects.find((column) => addsUp(rows, genes, column)),
  };
}

function reasonToPassOver(
  name: string,
  column: number,
  { rows, ignored, labels }: Pick<ColumnQuestion, 'rows' | 'ignored' | 'labels'>,
): string | undefined {
  if (ignored.includes(name)) return 'listed in ignoredColumns';
  if (labels.has(name)) return undefined;
  if (namesRows(name)) return 'name or number the cells';
  if (namesFigure(name)) return 'are called like quality figures or groupings';
  const holdsText = rows.length > 0 && rows.every((row) => isText(row[column] ?? ''));
  return holdsText ? 'hold text' : undefined;
}

/** Neither a number nor a stand-in for one; decimal commas are numbers here, so that they are named later. */
function isText(field: string): boolean {
  return readNumber(field).kind === 'text';
}

/** Whether a column is the sum of all other genes, as library sizes are. */
function addsUp(rows: readonly (readonly string[])[], genes: readonly number[], column: number): boolean {
  if (genes.length < 4) return false;
  const own = new Set(rows.map((row) => row[column]));
  return (
    own.size > 1 &&
    rows.every((row) => {
      const total = genes.reduce((sum, gene) => sum + Number(row[gene]), 0);
      return Math.abs(total - 2 * Number(row[column])) <= 1e-6 * Math.abs(total);
    })
  );
}
