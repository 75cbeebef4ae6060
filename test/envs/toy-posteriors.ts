import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import type { History } from '../../core/causal/history.js';

/** A posterior that answers the same probability for every edge. */
export function constantPosterior(probability: number): GraphPosterior {
  return { edgeProbabilities: (histories) => forEachEdge(histories, () => probability) };
}

/** |correlation| of every pair over all rows: crude, but it depends on all of the data. Counts its calls. */
export class CorrelationPosterior implements GraphPosterior {
  calls = 0;

  edgeProbabilities(histories: readonly History[]): Float32Array {
    this.calls++;
    return forEachEdge(histories, (history, i, j) => {
      const { rows, size, values } = history;
      const sums = { i: 0, j: 0, ii: 0, jj: 0, ij: 0 };
      for (let row = 0; row < rows; row++) {
        const [a, b] = [values[row * size + i]!, values[row * size + j]!];
        sums.i += a;
        sums.j += b;
        sums.ii += a * a;
        sums.jj += b * b;
        sums.ij += a * b;
      }
      const covariance = sums.ij - (sums.i * sums.j) / rows;
      const scale = Math.sqrt((sums.ii - sums.i ** 2 / rows) * (sums.jj - sums.j ** 2 / rows));
      return scale > 0 ? Math.min(0.99, Math.abs(covariance) / scale) : 0.5;
    });
  }
}

function forEachEdge(
  histories: readonly History[],
  probability: (history: History, i: number, j: number) => number,
): Float32Array {
  const size = histories[0]!.size;
  const result = new Float32Array(histories.length * size * size);
  histories.forEach((history, k) => {
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) if (i !== j) result[(k * size + i) * size + j] = probability(history, i, j);
  });
  return result;
}
