/** Measured cells with what was done to each. Shapes: n cells, g genes. */
export interface CellTable {
  /** [g] */
  readonly genes: readonly string[];
  /** [n, g] */
  readonly values: Float32Array;
  /** [n], the label of the perturbation column. */
  readonly perturbations: readonly string[];
}

export interface CellTableOptions {
  readonly perturbationColumn: string;
  /** Columns of a .csv that are neither genes nor the perturbation. */
  readonly ignoredColumns: readonly string[];
}
