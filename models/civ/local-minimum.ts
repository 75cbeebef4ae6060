/** Value at `point`, its gradient written into `gradient`. */
export type SmoothObjective = (point: Float64Array, gradient: Float64Array) => number;

/** What a local search ends with; `point` is always feasible and never worse than the start. */
export interface LocalMinimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly evaluations: number;
  /** False when the iterations ran out first. */
  readonly converged: boolean;
}

export interface LocalSearchOptions {
  readonly iterations: number;
  /** Length of the (projected) gradient relative to the value at which the search ends. */
  readonly tolerance: number;
  /** Decrease of the value, foreseen or found, below which the search ends; 0 for none. */
  readonly absoluteTolerance: number;
}
