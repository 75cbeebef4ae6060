import type { History } from './history.js';

/** An estimate of the causal graph from data: independent edge probabilities for each history. */
export interface GraphPosterior {
  /**
   * Edge probabilities given each history: [K, d, d] row-major, entry (i, j) is q(i -> j | history), diagonal 0.
   * All histories must have the same number of variables; their row counts may differ.
   */
  edgeProbabilities(histories: readonly History[]): Float32Array;
}
