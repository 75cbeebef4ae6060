import type { ValueProfile } from './value-profile.js';

// Shapes: n cells, g genes of the table; m cells and k genes that are asked for.

/** What was done to each cell. */
export interface CellLabels {
  /** The distinct labels, in order of appearance. */
  readonly names: readonly string[];
  /** [n]: a position in `names`, -1 where the table says nothing. */
  readonly codes: Int32Array;
}

/** Columns of the table that are not read as genes. */
export interface PassedOver {
  readonly columns: readonly string[];
  /** Such as `hold text`. */
  readonly reason: string;
}

export interface CellRequest {
  /** [k]: distinct positions in `genes`. */
  readonly columns: readonly number[];
  /** [m]: ascending. */
  readonly cells: Int32Array;
  /** Also add up all genes of each cell. */
  readonly totals: boolean;
}

export interface CellValues {
  /** [m, k] */
  readonly values: Float64Array;
  /** [m]: sums over all g genes, where they were asked for. */
  readonly totals?: Float64Array;
  /** Over every value that was looked at, not only those of the columns asked for. */
  readonly profile: ValueProfile;
}

/** An open table of cells: names and labels are in memory, values are read when they are asked for. */
export interface CellSource {
  readonly file: string;
  /** Which matrix it is and how it is stored, such as `layers/counts, csr_matrix of float32`. */
  readonly layout: string;
  /** n */
  readonly cells: number;
  /** [g], names may repeat. */
  readonly genes: readonly string[];
  readonly labels: CellLabels;
  readonly passedOver: readonly PassedOver[];
  /** Where a cell stands in the file, for messages: `line 12`, `cell 'bc7' (row 8)`. */
  nameCell(cell: number): string;
  /** Of an .h5ad file: another column of `var` that holds most of these names. */
  findGeneColumn?(names: readonly string[]): string | undefined;
  /** @throws CausalPilotError E_INPUT naming file, cell and gene of a value that is no finite number. */
  read(request: CellRequest): Promise<CellValues>;
  close(): void;
}

/** What decides how a file is read. */
export interface CellSourceOptions {
  /** Column that says what was done to each cell. */
  readonly perturbationColumn: string;
  /** Columns of a text table that are neither genes nor the perturbation. */
  readonly ignoredColumns: readonly string[];
  /** Of an .h5ad file: `X`, `raw` or the name of a layer. @defaultValue 'X' */
  readonly matrix?: string;
  /** Of an .h5ad file: the column of `var` that names the genes. @defaultValue the index */
  readonly geneColumn?: string;
}
