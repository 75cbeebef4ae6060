import { averagePrecision, shdAtThreshold } from '../../../core/causal/graph-metrics.js';
import {
  energyDistance,
  energyDistanceSquared,
  kernelDiscrepancy,
} from '../../../core/distances/distribution-distances.js';
import { wasserstein1 } from '../../../core/distances/optimal-transport.js';
import { squaredDistances } from '../../../core/distances/point-distances.js';
import type { RandomStream } from '../../../core/random/stream.js';
import type { KnownContext, PerturbationScreen } from '../../../envs/perturbation/perturbation-screen.js';
import type { PerturbationPredictor } from '../../../models/perturbation-predictors/predictor.js';

/** What is measured of a predictor; null where it has no such thing. */
export const PERTURBATION_METRICS = [
  'meanError',
  'w1',
  'energyDistanceSquared',
  'energyDistance',
  'mmdSquared',
  'targetAp',
  'edgeAp',
  'shd',
] as const;
export type PerturbationMetric = (typeof PERTURBATION_METRICS)[number];
export type Figures = Readonly<Record<PerturbationMetric, number | null>>;

/** Rows whose median distance is the bandwidth of the kernel. */
const BANDWIDTH_ROWS = 200;

export interface MeasureOptions {
  readonly rows: number;
  readonly stream: RandomStream;
}

/** Means over the contexts of one test; distances are between as many drawn rows as are asked for and the measured ones. */
export function measurePredictor(
  predictor: PerturbationPredictor,
  contexts: readonly KnownContext[],
  screen: PerturbationScreen,
  { rows, stream }: MeasureOptions,
): Figures {
  const { size, observational } = screen.training;
  const bandwidth = medianDistance(observational.subarray(0, BANDWIDTH_ROWS * size), size);
  const distances = contexts.map(({ features, mean, values }, k) => {
    const predicted = predictor.predictMean(features, stream.child('mean', k));
    const sets = { x: predictor.sample(features, rows, stream.child('rows', k)), y: values, size };
    return {
      meanError: Math.hypot(...mean.map((value, j) => value - predicted[j]!)),
      w1: wasserstein1(sets),
      energyDistanceSquared: energyDistanceSquared(sets),
      energyDistance: energyDistance(sets),
      mmdSquared: kernelDiscrepancy(sets, bandwidth).squaredBiased,
    };
  });
  const average = (key: keyof (typeof distances)[number]) =>
    distances.reduce((sum, one) => sum + one[key] / distances.length, 0);
  const edges = predictor.edgeProbabilities?.();
  return {
    meanError: average('meanError'),
    w1: average('w1'),
    energyDistanceSquared: average('energyDistanceSquared'),
    energyDistance: average('energyDistance'),
    mmdSquared: average('mmdSquared'),
    targetAp: targetPrecision(predictor, contexts),
    edgeAp: edges === undefined ? null : averagePrecision(edges, screen.graph),
    shd: edges === undefined ? null : shdAtThreshold(edges, screen.graph),
  };
}

/** Average precision of target probabilities over all variables of all contexts; ties in the order of the contexts. */
function targetPrecision(predictor: PerturbationPredictor, contexts: readonly KnownContext[]): number | null {
  const { targetProbabilities } = predictor;
  if (targetProbabilities === undefined) return null;
  const ranked = contexts
    .flatMap(({ features, targets }) =>
      [...targetProbabilities(features)].map((probability, j) => ({ probability, isTarget: targets[j] === 1 })),
    )
    .sort((a, b) => b.probability - a.probability);
  let [found, sum] = [0, 0];
  ranked.forEach(({ isTarget }, position) => {
    if (isTarget) sum += ++found / (position + 1);
  });
  return found === 0 ? null : sum / found;
}

function medianDistance(values: Float64Array, size: number): number {
  const distances = squaredDistances({ x: values, y: values, size })
    .filter((square) => square > 0)
    .sort();
  return Math.sqrt(distances[Math.floor(distances.length / 2)] ?? 1);
}
