import type { ExactPosteriorKernel, MechanismRows, SinkStatistics } from '../../../core/native/ops/exact-posterior.js';
import { edgeProbabilitiesOf, logWeights, orderSums } from './order-sums.js';
import { logScore } from './parent-set-score.js';

// Shapes: K histories, n rows, d variables.

/** The kernel in TypeScript: what the one in C++ is held to, and what takes its place where that is not built. */
export const referenceExactPosteriorKernel: ExactPosteriorKernel = {
  sinkGrams,
  logScores,
  posterior(statistics, prior) {
    const { count, size } = statistics;
    const scores = logScores(statistics, prior);
    const perHistory = scores.length / count;
    const edgeProbabilities = new Float64Array(count * size * size);
    const logEvidence = new Float64Array(count);
    for (let k = 0; k < count; k++) {
      const own = scores.subarray(k * perHistory, (k + 1) * perHistory);
      const weights = logWeights(own, size, Math.log(prior[1]!));
      edgeProbabilities.set(edgeProbabilitiesOf(weights, size), k * size * size);
      logEvidence[k] = orderSums(weights, size).first.at(-1)!;
    }
    return { edgeProbabilities, logEvidence };
  },
};

function sinkGrams({ rows, size, values, excluded, shifts }: MechanismRows, centred: boolean) {
  const grams = new Float64Array(size ** 3);
  const rowCounts = new Float64Array(size);
  for (let sink = 0; sink < size; sink++) {
    const told: Float64Array[] = [];
    for (let row = 0; row < rows; row++) {
      if (excluded[row * size + sink] === 1) continue;
      const y = Float64Array.from(values.subarray(row * size, (row + 1) * size));
      y[sink]! -= shifts?.[row * size + sink] ?? 0;
      told.push(y);
    }
    if (centred) centre(told, size);
    const gram = grams.subarray(sink * size * size, (sink + 1) * size * size);
    for (const y of told)
      for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) gram[i * size + j]! += y[i]! * y[j]!;
    rowCounts[sink] = centred ? Math.max(0, told.length - 1) : told.length;
  }
  return { grams, rowCounts };
}

function centre(rows: readonly Float64Array[], size: number): void {
  for (let i = 0; i < size; i++) {
    const mean = rows.reduce((sum, y) => sum + y[i]!, 0) / rows.length;
    for (const y of rows) y[i]! -= mean;
  }
}

function logScores({ count, size, grams, rowCounts }: SinkStatistics, prior: Float64Array): Float64Array {
  const half = 2 ** (size - 1);
  const found = new Float64Array(count * size * half);
  for (let task = 0; task < count * size; task++) {
    const gram = grams.subarray(task * size * size, (task + 1) * size * size);
    const score = logScore({ gram, size, sink: task % size, rows: rowCounts[task]! }, prior);
    for (let set = 0; set < half; set++) found[task * half + set] = score(set);
  }
  return found;
}
