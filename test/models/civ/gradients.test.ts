import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import type { AcquisitionFunction } from '../../../models/civ/acquisition.js';
import type { DagRegressionPosterior } from '../../../models/civ/dag-regression-posterior.js';
import { UNIT_BALL } from '../../../models/civ/feasible-set.js';
import { ConfidenceBound, GreedyGap } from '../../../models/civ/gap-criteria.js';
import { IntegratedVariance } from '../../../models/civ/integrated-variance.js';
import { ExpectedImprovement, MutualInformation } from '../../../models/civ/monte-carlo-criteria.js';
import { OptimumVariance, WeightVariance } from '../../../models/civ/variance-criteria.js';
import { posteriorAfter, randomDirection, randomSystem } from './systems.js';

const stream = new RandomStream('civ/gradients');
const UNKNOWN = { kind: 'unknown', shape: 2, scale: 0.5 } as const;

type Factory = (posterior: DagRegressionPosterior, goalMean: Float64Array) => AcquisitionFunction;
const CRITERIA: Record<string, Factory> = {
  civ: (posterior, goalMean) => new IntegratedVariance({ posterior, goalMean, rows: 3, feasible: UNIT_BALL }),
  'civ in a box': (posterior, goalMean) =>
    new IntegratedVariance({ posterior, goalMean, rows: 2, feasible: { kind: 'box', lower: 0, upper: 1 } }),
  'civ-ow': (posterior, goalMean) =>
    new IntegratedVariance({
      posterior,
      goalMean,
      rows: 2,
      feasible: UNIT_BALL,
      measure: { kind: 'output-weighted' },
    }),
  'civ-ow exact': (posterior, goalMean) =>
    new IntegratedVariance({
      posterior,
      goalMean,
      rows: 2,
      feasible: UNIT_BALL,
      measure: { kind: 'output-weighted-exact' },
    }),
  greedy: (posterior, goalMean) => new GreedyGap(posterior, goalMean),
  ucb: (posterior, goalMean) => new ConfidenceBound(posterior, goalMean, 1.3),
  cv: (posterior, goalMean) => new OptimumVariance(posterior, goalMean, 2),
  maxv: (posterior) => new WeightVariance(posterior, 2),
  ei: (posterior, goalMean) =>
    new ExpectedImprovement({ posterior, goalMean, stream: new RandomStream('ei'), tried: [] }),
  mi: (posterior, goalMean) => new MutualInformation({ posterior, goalMean, stream: new RandomStream('mi') }),
};

describe.each(Object.entries(CRITERIA))('%s', (name, build) => {
  test.each(['known', 'unknown'] as const)('gradient equals central differences, %s noise variances', (kind) => {
    for (const size of [1, 3, 7]) {
      const system = randomSystem(stream.child(name, kind, size), size);
      const posterior = posteriorAfter(system, {
        steps: 12,
        stream: stream.child(name, kind, size, 'data'),
        ...(kind === 'unknown' ? { noise: UNKNOWN } : {}),
      });
      const criterion = build(posterior, system.goalMean);
      const shift = randomDirection(stream.child(name, kind, size, 'shift'), size).map((entry) => 0.8 * entry);
      for (const temperature of criterion.isMaximum ? [0, 0.05] : [0]) {
        const gradient = new Float64Array(size);
        const value = criterion.valueAndGradient(shift, gradient, temperature);
        if (temperature === 0) expect(value).toBeCloseTo(criterion.value(shift), 12);
        const scratch = new Float64Array(size);
        for (let i = 0; i < size; i++) {
          const [up, down] = [1e-6, -1e-6].map((step) => {
            const moved = shift.slice();
            moved[i]! += step;
            return criterion.valueAndGradient(moved, scratch, temperature);
          });
          expect(Math.abs(gradient[i]! - (up! - down!) / 2e-6)).toBeLessThan(2e-6 * (1 + Math.abs(gradient[i]!)));
        }
      }
    }
  });
});

test('a smoothed maximum is above the maximum by at most temperature x log p', () => {
  const system = randomSystem(stream.child('smooth'), 8);
  const posterior = posteriorAfter(system, { steps: 10, stream: stream.child('smooth', 'data') });
  const shift = randomDirection(stream.child('smooth', 'shift'), 8);
  for (const criterion of [new OptimumVariance(posterior, system.goalMean, 1), new WeightVariance(posterior, 1)]) {
    const smoothed = criterion.valueAndGradient(shift, new Float64Array(8), 0.01);
    expect(smoothed).toBeGreaterThanOrEqual(criterion.value(shift));
    expect(smoothed).toBeLessThanOrEqual(criterion.value(shift) + 0.01 * Math.log(8));
  }
});
