import { type Calibration, calibration, type ScoredGraph } from '../../core/causal/calibration.js';
import { expectedCorrectEntries, logPosterior, PROBABILITY_FLOOR } from '../../core/causal/graph-metrics.js';
import { auroc, averagePrecision } from '../../core/causal/ranking-metrics.js';
import { fromDatasets } from '../../models/networks/history-batch.js';
import type { AmortizedGraphPosterior } from '../../models/posterior/amortized-graph-posterior.js';
import { meanOf } from '../loop/mean.js';
import type { TrainingBatch } from './training-data.js';

/** How good a posterior is on datasets it has not seen. Ranking metrics leave out graphs where they are not defined. */
export interface HeldOutScores {
  readonly datasets: number;
  /** Mean binary cross-entropy per off-diagonal entry, nats. */
  readonly crossEntropy: number;
  /**
   * Mean cross-entropy per off-diagonal entry under the exact edge probabilities minus their own, nats: what the exact
   * posterior leaves to gain. Only where all datasets have exact labels.
   */
  readonly aboveExact: number | undefined;
  /** Means over graphs. */
  readonly auroc: number;
  readonly averagePrecision: number;
  /** Expected correct entries of d * d. */
  readonly expectedCorrectEntries: number;
  /** Mean edge probability of off-diagonal entries: the edge rate, where the posterior is calibrated as a whole. */
  readonly meanProbability: number;
  /** Share of off-diagonal entries that are edges: the average precision of guessing. */
  readonly edgeRate: number;
  /** Cross-entropy of always stating the edge rate. */
  readonly edgeRateCrossEntropy: number;
  readonly calibration: Calibration;
}

/** Scores `posterior` on simulated datasets; their arrays are left as they are. */
export function scoreHeldOut(posterior: AmortizedGraphPosterior, datasets: readonly TrainingBatch[]): HeldOutScores {
  return scoreGraphs(datasets.flatMap((batch) => scoreBatch(posterior, batch)));
}

/** What a posterior said of one system, beside the true graph. */
export interface LabelledGraph extends ScoredGraph {
  /** [d * d] exact edge probabilities given the same rows, where they are known. */
  readonly labels: Float32Array | undefined;
}

/** The same from edge probabilities. */
export function scoreGraphs(scored: readonly LabelledGraph[]): HeldOutScores {
  const excesses = scored.map(
    ({ labels, edgeProbabilities, graph }) => labels && excess(edgeProbabilities, labels, graph.size),
  );
  const entries = scored.reduce((sum, { graph }) => sum + graph.size * (graph.size - 1), 0);
  const edges = scored.reduce((sum, { graph }) => sum + graph.adjacency.reduce((total, edge) => total + edge, 0), 0);
  const stated = scored.reduce((sum, { edgeProbabilities }) => sum + sumOf(Array.from(edgeProbabilities)), 0);
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
    aboveExact: excesses.every((value) => value !== undefined) && entries > 0 ? sumOf(excesses) / entries : undefined,
    auroc: average(({ edgeProbabilities, graph }) => auroc(edgeProbabilities, graph)),
    averagePrecision: average(({ edgeProbabilities, graph }) => averagePrecision(edgeProbabilities, graph)),
    expectedCorrectEntries: average(({ edgeProbabilities, graph }) => expectedCorrectEntries(edgeProbabilities, graph)),
    meanProbability: entries === 0 ? 0 : stated / entries,
    edgeRate,
    edgeRateCrossEntropy: entropyTerm(edgeRate) + entropyTerm(1 - edgeRate),
    calibration: calibration(scored),
  };
}

/** Sum over off-diagonal entries of the cross-entropy of `probabilities` under `exact` minus the entropy of `exact`. */
function excess(probabilities: ArrayLike<number>, exact: ArrayLike<number>, size: number): number {
  const clamped = (p: number) => Math.min(Math.max(p, PROBABILITY_FLOOR), 1 - PROBABILITY_FLOOR);
  let total = 0;
  for (let entry = 0; entry < size * size; entry++) {
    if (entry % (size + 1) === 0) continue;
    const [truth, stated] = [clamped(exact[entry]!), clamped(probabilities[entry]!)];
    total += truth * Math.log(truth / stated) + (1 - truth) * Math.log((1 - truth) / (1 - stated));
  }
  return total;
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

function scoreBatch(posterior: AmortizedGraphPosterior, batch: TrainingBatch): LabelledGraph[] {
  const { count, size, graphs, labels } = batch;
  const probabilities = posterior.probabilitiesOf(
    fromDatasets({ ...batch, values: batch.values.slice(), rowMask: batch.rowMask }),
  );
  const entries = size * size;
  return Array.from({ length: count }, (_, k) => ({
    edgeProbabilities: probabilities.subarray(k * entries, (k + 1) * entries),
    labels: labels?.subarray(k * entries, (k + 1) * entries),
    graph: { size, adjacency: graphs.subarray(k * entries, (k + 1) * entries) },
  }));
}
