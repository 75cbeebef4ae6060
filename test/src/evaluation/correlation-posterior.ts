import type { GraphPosterior } from '../../../core/causal/graph-posterior.js';
import type { History } from '../../../core/causal/history.js';

/** A posterior for tests: half the absolute correlation of each pair, so that it moves with every row. */
export class CorrelationPosterior implements GraphPosterior {
  calls = 0;

  edgeProbabilities(histories: readonly History[]): Float32Array {
    this.calls++;
    const size = histories[0]!.size;
    const out = new Float32Array(histories.length * size * size);
    histories.forEach((history, k) => {
      for (let i = 0; i < size; i++)
        for (let j = 0; j < size; j++)
          if (i !== j) out[(k * size + i) * size + j] = 0.5 * Math.abs(correlation(history, i, j));
    });
    return out;
  }
}

function correlation({ rows, size, values }: History, i: number, j: number): number {
  const column = (variable: number) => Array.from({ length: rows }, (_, row) => values[row * size + variable]!);
  const centred = (list: number[]) => {
    const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
    return list.map((value) => value - mean);
  };
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  const a = centred(column(i));
  const b = centred(column(j));
  const scale = Math.sqrt(dot(a, a) * dot(b, b));
  return scale > 0 ? Math.max(-1, Math.min(1, dot(a, b) / scale)) : 0;
}
