import Papa from 'papaparse';
import { CausalPilotError } from '../../core/errors.js';

/** An edge as a table has it; what it does not say is left out. */
export interface TableEdge {
  readonly regulator: string;
  readonly target: string;
  /** Signed. */
  readonly strength?: number;
  /** 1 activates, -1 represses; where only that is told. */
  readonly sign?: 1 | -1;
  /** Such as `net.tsv, line 3`. */
  readonly place: string;
}

/** Edges, and genes that a table names without one. */
export interface EdgeTable {
  readonly edges: readonly TableEdge[];
  readonly genes: readonly string[];
}

type Role = 'regulator' | 'target' | 'strength' | 'kind';

/** Names of columns, in lower case: our own, BEELINE's reference networks, and what gene network inference writes. */
const ROLES: ReadonlyMap<string, Role> = new Map<string, Role>([
  ['regulator', 'regulator'],
  ['gene1', 'regulator'],
  ['tf', 'regulator'],
  ['source', 'regulator'],
  ['from', 'regulator'],
  ['cause', 'regulator'],
  ['target', 'target'],
  ['gene2', 'target'],
  ['to', 'target'],
  ['effect', 'target'],
  ['strength', 'strength'],
  ['weight', 'strength'],
  ['type', 'kind'],
]);

/** What BEELINE and GeneNetWeaver say of an edge; undefined where only its existence is told. */
const KINDS: ReadonlyMap<string, 1 | -1 | undefined> = new Map<string, 1 | -1 | undefined>([
  ['+', 1],
  ['activation', 1],
  ['activator', 1],
  ['-', -1],
  ['-1', -1],
  ['repression', -1],
  ['repressor', -1],
  ['inhibition', -1],
  ['1', undefined],
  ['+-', undefined],
  ['?', undefined],
  ['', undefined],
]);

interface Line {
  readonly cells: readonly string[];
  readonly place: string;
}

/**
 * Edges of separated text: with a header (regulator, target, strength; or Gene1, Gene2, Type as in BEELINE), or without as
 * GeneNetWeaver writes them (regulator, target, and 1, 0, + or -).
 *
 * @throws CausalPilotError E_INPUT naming file and line of what cannot be used.
 */
export function readEdgeTable(text: string, source: string): EdgeTable {
  const lines = separatedLines(text, source);
  const [first] = lines;
  if (first === undefined) throw noEdges(source);
  const roles = first.cells.map((name) => ROLES.get(name.toLowerCase()));
  const headed = roles.filter((role) => role !== undefined).length >= 2;
  if (!headed && first.cells.length === 3 && isKind(first.cells[2]!)) return edgesOfKinds(lines, [0, 1, 2]);
  const position = (role: Role): number => roles.indexOf(role);
  for (const role of ['regulator', 'target'] as const) if (position(role) === -1) throw noColumn(role, first.place);
  if (position('strength') !== -1)
    return edgesOfStrengths(lines, [position('regulator'), position('target'), position('strength')]);
  const isOurs = first.cells.some((name) => name.toLowerCase() === 'regulator');
  if (position('kind') === -1 && isOurs) throw noColumn('strength', first.place);
  return edgesOfKinds(lines.slice(1), [position('regulator'), position('target'), position('kind')]);
}

/** Lines that are not empty, split by tabs where there are any, else by commas. */
export function separatedLines(text: string, source: string): Line[] {
  const separator = text.includes('\t') ? '\t' : ',';
  const { data } = Papa.parse<string[]>(text.replace(/^\uFEFF/, ''), { delimiter: separator });
  return data
    .map((cells, index) => ({ cells: cells.map((cell) => cell.trim()), place: `${source}, line ${index + 1}` }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
}

function isKind(cell: string): boolean {
  return cell === '0' || KINDS.has(cell.toLowerCase());
}

type Positions = readonly [regulator: number, target: number, third: number];

function edgesOfStrengths(lines: readonly Line[], [regulator, target, strength]: Positions): EdgeTable {
  const width = lines[0]!.cells.length;
  const edges = lines.slice(1).map(({ cells, place }): TableEdge => {
    const [from = '', to = '', number = ''] = [cells[regulator], cells[target], cells[strength]];
    if (from === '' || to === '' || number === '')
      throw new CausalPilotError('E_INPUT', `${place}: ${width} cells are needed, got '${cells.join(' ')}'`);
    if (!Number.isFinite(Number(number)))
      throw new CausalPilotError('E_INPUT', `${place}: strength must be a number, got '${number}'`);
    return { regulator: from, target: to, strength: Number(number), place };
  });
  return { edges, genes: [] };
}

/** Edges that are only told to be there, with a sign at most; 0 says that two genes are not joined. */
function edgesOfKinds(lines: readonly Line[], [regulator, target, third]: Positions): EdgeTable {
  const edges: TableEdge[] = [];
  const genes: string[] = [];
  for (const { cells, place } of lines) {
    const [from = '', to = ''] = [cells[regulator], cells[target]];
    if (from === '' || to === '')
      throw new CausalPilotError('E_INPUT', `${place}: a regulator and a target are needed, got '${cells.join(' ')}'`);
    genes.push(from, to);
    const kind = third === -1 ? '' : (cells[third] ?? '').toLowerCase();
    if (kind === '0') continue;
    if (!KINDS.has(kind))
      throw new CausalPilotError('E_INPUT', `${place}: an edge is of the kind +, -, 1 or 0, got '${kind}'`);
    const sign = KINDS.get(kind);
    edges.push({ regulator: from, target: to, place, sign });
  }
  return { edges, genes };
}

function noColumn(column: string, place: string): CausalPilotError {
  return new CausalPilotError(
    'E_INPUT',
    `${place}: no column '${column}'; the header must have regulator, target, strength, or Gene1, Gene2, Type as in BEELINE`,
  );
}

export function noEdges(source: string): CausalPilotError {
  return new CausalPilotError(
    'E_INPUT',
    `${source}: the table has no edges and so no genes; add a line below the header`,
  );
}
