import { CausalPilotError, checkShape } from '../errors.js';
import type { Adjacency } from './graph.js';

/** One system's edge probabilities [d * d] beside its true graph. */
export interface ScoredGraph {
  readonly edgeProbabilities: ArrayLike<number>;
  readonly graph: Adjacency;
}

/** All pairs whose probability falls into one bin. */
export interface CalibrationBin {
  readonly count: number;
  readonly meanProbability: number;
  /** Share of these pairs that are edges. */
  readonly edgeRate: number;
}

/** How far the probabilities can be taken at their word. */
export interface Calibration {
  /** Mean over pairs of |mean probability - edge rate| of their bin, in [0, 1]; 0 where there are no pairs (d = 1). */
  readonly expectedCalibrationError: number;
  /** Mean squared difference of probability and edge, in [0, 1]; 0 where there are no pairs. */
  readonly brierScore: number;
  /** The bins that are not empty, from low to high probability. */
  readonly bins: readonly CalibrationBin[];
}

/** Sums over the pairs of each bin, [bins], and over all pairs. */
interface BinSums {
  readonly counts: Float64Array;
  readonly probabilities: Float64Array;
  readonly edges: Float64Array;
  squaredError: number;
}

/**
 * Calibration of the off-diagonal edge probabilities, pooled over systems, in `binCount` bins of equal width. Pool many
 * systems: within one graph a bin holds few pairs and its edge rate is mostly noise.
 */
export function calibration(scored: readonly ScoredGraph[], binCount = 10): Calibration {
  if (!Number.isInteger(binCount) || binCount < 1)
    throw new CausalPilotError('E_INPUT', `calibration: 'binCount' must be a positive integer, got ${binCount}`);
  const sums: BinSums = {
    counts: new Float64Array(binCount),
    probabilities: new Float64Array(binCount),
    edges: new Float64Array(binCount),
    squaredError: 0,
  };
  for (const { edgeProbabilities, graph } of scored) {
    const { size, adjacency } = graph;
    checkShape('calibration', 'edgeProbabilities', [edgeProbabilities.length], [size * size]);
    for (let entry = 0; entry < size * size; entry++) {
      if (entry % (size + 1) === 0) continue;
      const probability = edgeProbabilities[entry]!;
      if (!(probability >= 0 && probability <= 1))
        throw new CausalPilotError(
          'E_NUMERIC',
          `calibration: edge probabilities must be in [0, 1], got ${probability}`,
        );
      const bin = Math.min(binCount - 1, Math.floor(probability * binCount));
      sums.counts[bin]! += 1;
      sums.probabilities[bin]! += probability;
      sums.edges[bin]! += adjacency[entry]!;
      sums.squaredError += (probability - adjacency[entry]!) ** 2;
    }
  }
  return summarise(sums);
}

function summarise({ counts, probabilities, edges, squaredError }: BinSums): Calibration {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return { expectedCalibrationError: 0, brierScore: 0, bins: [] };
  const bins: CalibrationBin[] = [];
  let gap = 0;
  counts.forEach((count, bin) => {
    if (count === 0) return;
    gap += Math.abs(probabilities[bin]! - edges[bin]!);
    bins.push({ count, meanProbability: probabilities[bin]! / count, edgeRate: edges[bin]! / count });
  });
  return { expectedCalibrationError: gap / total, brierScore: squaredError / total, bins };
}
