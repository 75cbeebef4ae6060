import { readFileSync } from 'node:fs';
import { CausalGraph } from '../../../core/causal/graph.js';
import type { AcquisitionFunction } from '../../../models/civ/acquisition.js';
import { DagRegressionPosterior } from '../../../models/civ/dag-regression-posterior.js';
import { UNIT_BALL } from '../../../models/civ/feasible-set.js';
import { ConfidenceBound, GreedyGap } from '../../../models/civ/gap-criteria.js';
import { IntegratedVariance } from '../../../models/civ/integrated-variance.js';
import { OptimumVariance, WeightVariance } from '../../../models/civ/variance-criteria.js';

/** One case of civ_reference.json: the authors' code on data of its own, scipy's SLSQP from two starts. */
export interface ReferenceCase {
  p: number;
  B: number[][];
  noiseVariance: number[];
  targetMean: number[];
  samplesPerStep: number;
  data: { intervention: number[]; samples: number[][] }[];
  posterior: { mean: number[][]; covariancePadded: number[][][] };
  queries: number[][];
  acquisition: Record<string, { values: number[]; slsqp: { start: number[]; optimum: number[]; value: number }[] }>;
}

const file = new URL('../../fixtures/civ_reference.json', import.meta.url);
export const REFERENCE: readonly ReferenceCase[] = JSON.parse(readFileSync(file, 'utf8'));

/** The posterior after the data of the case; support of B read off the reference posterior. */
export function referencePosterior(reference: ReferenceCase): DagRegressionPosterior {
  const { p, posterior, noiseVariance, data } = reference;
  const adjacency = new Uint8Array(p * p);
  for (let i = 0; i < p; i++) for (let k = 0; k < p; k++) if (posterior.mean[i]![k] !== 0) adjacency[k * p + i] = 1;
  const result = new DagRegressionPosterior({
    graph: new CausalGraph(p, adjacency),
    noise: { kind: 'known', variances: noiseVariance },
  });
  for (const { samples, intervention } of data) result.update(samples.flat(), intervention);
  return result;
}

/** The reference's acquisitions, which count the noise of n rows as sigma^2. */
export function referenceAcquisition(
  name: string,
  posterior: DagRegressionPosterior,
  reference: ReferenceCase,
): AcquisitionFunction {
  const goalMean = Float64Array.from(reference.targetMean);
  const rows = reference.samplesPerStep;
  const integrated = { posterior, goalMean, rows, feasible: UNIT_BALL, averageNoise: false };
  switch (name) {
    case 'civ':
      return new IntegratedVariance(integrated);
    case 'civOutputWeighted':
      return new IntegratedVariance({ ...integrated, measure: { kind: 'output-weighted' } });
    case 'greedy':
      return new GreedyGap(posterior, goalMean);
    case 'maxv':
      return new WeightVariance(posterior, rows);
    case 'cv':
      return new OptimumVariance(posterior, goalMean, rows);
    case 'ucb':
      return new ConfidenceBound(posterior, goalMean);
    default:
      throw new Error(`civ_reference.json has an acquisition that this test does not know: ${name}`);
  }
}
