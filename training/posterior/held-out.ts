import { type Calibration, calibration, type ScoredGraph } from '../../core/causal/calibration.js';
import { expectedCorrectEntries, logPosterior } from '../../core/causal/graph-metrics.js';
import { auroc, averagePrecision } from '../../core/causal/ranking-metrics.js';
import type { DatasetBatch } from '../../envs/simulation/simulate-datasets.js';
import { fromDatasets } from '../../models/networks/history-batch.js';
import type { AmortizedGraphPosterior } from '../../models/posterior/amortized-graph-posterior.js';
import { meanOf } from '../loop/mean.js';

/** How good a posterior is on datasets it has not seen. Ranking metrics leave out graphs where they are not defined. */
export interface HeldOutScores {
  readonly datasets: number;
  /** Mean binary cross-entropy per off-diagonal entry, nats. */
  readonly crossEntropy: number;
  /** Means over graphs. */
  readonly auroc: number;
  readonly averagePrecision: number;
  /** Expected correct entries of d * d. */
  readonly expectedCorrectEntries: number;
  /** Share of off-diagonal entries that are edges: the average precision of guessing. */
  readonly edgeRate: number;
  /** Cross-entropy of always stating the edge rate. */
  readonly edgeRateCrossEntropy: number;
  readonly calibration: Calibration;
}

/** Scores `posterior` on simulated datasets; their arrays are left as they are. */
export function scoreHeldOut(posterior: AmortizedGraphPosterior, datasets: readonly DatasetBatch[]): HeldOutScores {
  const scored = datasets.flatMap((batch) => scoreBatch(posterior, batch));
  const entries = scored.reduce((sum, { graph }) => sum + graph.size * (graph.size - 1), 0);
  const edges = scored.reduce((sum, { graph }) => sum + graph.adjacency.reduce((total, edge) => total + edge, 0), 0);
  const edgeRate = entries === 0 ? 0 : edges / entries;
  const entropyTerm = (p: number) => (p === 0 ? 0 : -p * Math.log(p));
  const average = (of: (entry: ScoredGraph) => number | null) =>
    meanOf(scored.map(of).filter((value): value is number => value !== null));
  const logLikelihood = scored.reduce(
    (sum, { edgeProbabilities, graph }) => sum + logPosterior(edgeProbabilities, graph),
    0,
  );
  return {
    datasets: scored.length,
    crossEntropy: entries === 0 ? 0 : -logLikelihood / entries,
    auroc: average(({ edgeProbabilities, graph }) => auroc(edgeProbabilities, graph)),
    averagePrecision: average(({ edgeProbabilities, graph }) => averagePrecision(edgeProbabilities, graph)),
    expectedCorrectEntries: average(({ edgeProbabilities, graph }) => expectedCorrectEntries(edgeProbabilities, graph)),
    edgeRate,
    edgeRateCrossEntropy: entropyTerm(edgeRate) + entropyTerm(1 - edgeRate),
    calibration: calibration(scored),
  };
}

function scoreBatch(posterior: AmortizedGraphPosterior, batch: DatasetBatch): ScoredGraph[] {
  const { count, size, graphs } = batch;
  const probabilities = posterior.probabilitiesOf(
    fromDatasets({ ...batch, values: batch.values.slice(), rowMask: batch.rowMask }),
  );
  const entries = size * size;
  return Array.from({ length: count }, (_, k) => ({
    edgeProbabilities: probabilities.subarray(k * entries, (k + 1) * entries),
    graph: { size, adjacency: graphs.subarray(k * entries, (k + 1) * entries) },
  }));
}
