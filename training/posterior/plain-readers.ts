import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import type { History } from '../../core/causal/history.js';

// Readers that know next to nothing: what a posterior is worth shows beside them.

/** States the same probability for every pair. */
export function constantReader(probability: number): GraphPosterior {
  return { edgeProbabilities: (histories) => fillPairs(histories, () => () => probability) };
}

/** |Pearson correlation| over all rows in place of a probability: it ranks pairs without a model and knows no directions. */
export const correlationReader: GraphPosterior = {
  edgeProbabilities: (histories) =>
    fillPairs(histories, ({ size, rows, values }) =>
      absoluteCorrelations(
        Array.from({ length: size }, (_, variable) =>
          Array.from({ length: rows }, (_, row) => values[row * size + variable]!),
        ),
      ),
    ),
};

function fillPairs(histories: readonly History[], of: (history: History) => (i: number, j: number) => number) {
  const size = histories[0]?.size ?? 0;
  const pairs = new Float32Array(histories.length * size * size);
  histories.forEach((history, k) => {
    const entry = of(history);
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) if (i !== j) pairs[(k * size + i) * size + j] = entry(i, j);
  });
  return pairs;
}

/** |Pearson correlation| of every two columns, one per variable; 0 for one that does not vary. */
export function absoluteCorrelations(columns: readonly (readonly number[])[]): (i: number, j: number) => number {
  const centred = columns.map((column) => {
    const mean = column.reduce((sum, value) => sum + value, 0) / Math.max(1, column.length);
    return column.map((value) => value - mean);
  });
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, row) => sum + value * b[row]!, 0);
  const norms = centred.map((column) => Math.sqrt(dot(column, column)) || 1);
  // Rounding may carry a perfect correlation past 1.
  return (i, j) => Math.min(1, Math.abs(dot(centred[i]!, centred[j]!) / (norms[i]! * norms[j]!)));
}
