import { HISTORY_CHANNELS } from '../../core/causal/history.js';
import { auroc, averagePrecision } from '../../core/causal/ranking-metrics.js';
import { RandomStream } from '../../core/random/stream.js';
import type { DesignEnvConfig } from '../../envs/design/design-env-config.js';
import { DatasetSpec, type PosteriorDataConfig } from '../../envs/simulation/config.js';
import { type DatasetBatch, simulateDatasets } from '../../envs/simulation/simulate-datasets.js';
import type { AmortizedGraphPosterior } from '../../models/posterior/amortized-graph-posterior.js';
import { meanOf } from '../loop/mean.js';
import { type HeldOutScores, scoreHeldOut } from './held-out.js';
import { absoluteCorrelations } from './plain-readers.js';

/** Scores of a posterior for one amount and kind of data. */
export interface PosteriorQuality {
  readonly data: string;
  readonly observationalRows: number;
  readonly experiments: number;
  readonly scores: HeldOutScores;
  /** The same rankings by absolute correlation over all rows, which needs no model and knows no directions. */
  readonly correlation: { readonly auroc: number; readonly averagePrecision: number };
}

export interface PosteriorQualityOptions {
  /** Held-out datasets for each kind of data. */
  readonly datasets: number;
  readonly seed: number;
}

interface Condition {
  readonly data: string;
  readonly initialRows: number;
  readonly budget: number;
  readonly mixture: Partial<PosteriorDataConfig>;
}

const ONLY_RANDOM = {
  observationalFraction: 0,
  collections: { multiTarget: 1, singleTarget: 0, inTurn: 0, repeatedTarget: 0 },
  strengths: { uniform: 1, full: 0, zero: 0 },
};
const ONLY_ROUND_ROBIN = {
  observationalFraction: 0,
  turnSizes: [1],
  collections: { multiTarget: 0, singleTarget: 0, inTurn: 1, repeatedTarget: 0 },
  strengths: { uniform: 0, full: 1, zero: 0 },
};

const BATCH = 256;

/**
 * How a posterior's ranking and calibration change with more observational rows and with experiments, on systems of
 * `environment` that it was not trained on.
 */
export function posteriorQuality(
  posterior: AmortizedGraphPosterior,
  environment: DesignEnvConfig,
  { datasets, seed }: PosteriorQualityOptions,
): PosteriorQuality[] {
  return conditionsOf(environment).map(({ data, initialRows, budget, mixture }) => {
    const spec = DatasetSpec.parse({ environment: { ...environment, initialRows, budget }, data: mixture });
    const batches: DatasetBatch[] = [];
    for (let start = 0; start < datasets; start += BATCH) {
      const stream = new RandomStream(`posterior-quality/${seed}`).child(start);
      batches.push(simulateDatasets({ spec, count: Math.min(BATCH, datasets - start), stream }));
    }
    const scores = scoreHeldOut(posterior, batches);
    return {
      data,
      observationalRows: initialRows,
      experiments: budget,
      scores,
      correlation: scoreCorrelation(batches),
    };
  });
}

function conditionsOf({ initialRows, budget }: DesignEnvConfig): Condition[] {
  const observational = [0.5, 1, 2, 4].map((factor) => ({
    data: 'observational',
    initialRows: Math.max(1, Math.round(factor * initialRows)),
    budget: 0,
    mixture: {},
  }));
  const experiments = [1, 2, 4].flatMap((factor) => [
    { data: 'random multi-target experiments', initialRows, budget: factor * budget, mixture: ONLY_RANDOM },
    { data: 'round-robin experiments, full strength', initialRows, budget: factor * budget, mixture: ONLY_ROUND_ROBIN },
  ]);
  return budget === 0 ? observational : [...observational, ...experiments];
}

function scoreCorrelation(batches: readonly DatasetBatch[]): { auroc: number; averagePrecision: number } {
  const areas: number[] = [];
  const precisions: number[] = [];
  for (const batch of batches) {
    for (let dataset = 0; dataset < batch.count; dataset++) {
      const entries = batch.size * batch.size;
      const graph = { size: batch.size, adjacency: batch.graphs.subarray(dataset * entries, (dataset + 1) * entries) };
      const scores = correlationScores(batch, dataset);
      const area = auroc(scores, graph);
      const precision = averagePrecision(scores, graph);
      if (area !== null) areas.push(area);
      if (precision !== null) precisions.push(precision);
    }
  }
  return { auroc: meanOf(areas), averagePrecision: meanOf(precisions) };
}

/** Absolute correlations over the measured rows of one dataset: [d, d], diagonal 0. */
function correlationScores({ rows, size, values, rowMask }: DatasetBatch, dataset: number): Float64Array {
  const kept = Array.from({ length: rows }, (_, row) => dataset * rows + row).filter((row) => rowMask[row] === 1);
  const correlation = absoluteCorrelations(
    Array.from({ length: size }, (_, variable) =>
      kept.map((row) => values[HISTORY_CHANNELS * (row * size + variable)]!),
    ),
  );
  return Float64Array.from({ length: size * size }, (_, entry) => {
    const [i, j] = [Math.floor(entry / size), entry % size];
    return i === j ? 0 : correlation(i, j);
  });
}
