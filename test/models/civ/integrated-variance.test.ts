import fc from 'fast-check';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { CausalGraph } from '../../../core/causal/graph.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DagRegressionPosterior } from '../../../models/civ/dag-regression-posterior.js';
import { UNIT_BALL } from '../../../models/civ/feasible-set.js';
import {
  exactOutputWeightedGap,
  IntegratedVariance,
  vonMisesFisherGap,
} from '../../../models/civ/integrated-variance.js';
import { LookaheadSpread } from '../../../models/civ/lookahead-spread.js';
import { minimiseAcquisition } from '../../../models/civ/minimise-acquisition.js';
import { posteriorAfter, randomDirection, randomSystem } from './systems.js';

const stream = new RandomStream('civ/integrated-variance');

/** Var of |a + noise/sqrt(n) - (I - B) mu*|^2 over posterior draws of (B, sigma^2), for one shift a. */
function sampledGapVariance(
  posterior: DagRegressionPosterior,
  goalMean: Float64Array,
  options: { shift: Float64Array; rows: number; draws: number },
) {
  const { shift, rows, draws } = options;
  const p = posterior.size;
  const random = stream.child('gap', options.draws, p, posterior.noise.kind);
  let sum = 0;
  let squares = 0;
  for (let s = 0; s < draws; s++) {
    const { weights, noiseVariances } = posterior.draw(random);
    let gap = 0;
    for (let i = 0; i < p; i++) {
      let z = shift[i]! - goalMean[i]! + Math.sqrt(noiseVariances[i]! / rows) * random.normal();
      for (let k = 0; k < p; k++) z += weights[i * p + k]! * goalMean[k]!;
      gap += z * z;
    }
    sum += gap;
    squares += gap * gap;
  }
  return squares / draws - (sum / draws) ** 2;
}

describe('the closed form against Monte Carlo', () => {
  // With the single candidate a as feasible set, CIV is half of Var g(a) up to a constant; differences between two
  // hypothetical experiments are compared, with M updated by rows at the plug-in mean.
  test.each(['known', 'unknown'] as const)('%s noise variances', (kind) => {
    const size = 3;
    const rows = 2;
    const system = { ...randomSystem(stream.child(kind), size, 1), goalMean: Float64Array.of(1.5, -1, 0.5) };
    const posterior = posteriorAfter(system, {
      steps: 2,
      stream: stream.child(kind, 'data'),
      ...(kind === 'unknown' ? { noise: { kind: 'unknown', shape: 6, scale: 5 } } : {}),
    });
    const shift = randomDirection(stream.child(kind, 'a'), size);
    const civ = new IntegratedVariance({
      posterior,
      goalMean: system.goalMean,
      rows,
      feasible: { kind: 'finite', candidates: [shift] },
    });
    const trials = [Float64Array.of(0.1, 0, 0), Float64Array.of(4, 3, 0)];
    const sampled = trials.map((trial) => {
      const augmented = posterior.clone();
      const mean = posterior.plugInMean(trial, new Float64Array(size));
      augmented.update([...mean, ...mean], trial);
      return sampledGapVariance(augmented, system.goalMean, { shift, rows, draws: 120_000 });
    });
    const expected = 2 * (civ.value(trials[0]!) - civ.value(trials[1]!));
    expect(Math.abs(expected)).toBeGreaterThan(0.5);
    expect(Math.abs(sampled[0]! - sampled[1]! - expected)).toBeLessThan(0.05 * Math.abs(expected));
  });

  test('with a sharp inverse gamma the unknown case becomes the known one', () => {
    const system = randomSystem(stream.child('limit'), 4);
    const shape = 1e8;
    const variance = 0.7;
    const unknown = new DagRegressionPosterior({
      graph: system.graph,
      noise: { kind: 'unknown', shape, scale: variance * shape },
    });
    const known = new DagRegressionPosterior({
      graph: system.graph,
      noise: { kind: 'known', variances: [0.7, 0.7, 0.7, 0.7] },
    });
    const options = { goalMean: system.goalMean, rows: 3, feasible: UNIT_BALL };
    const shift = randomDirection(stream.child('limit', 'a'), 4);
    const value = new IntegratedVariance({ ...options, posterior: known }).value(shift);
    expect(new IntegratedVariance({ ...options, posterior: unknown }).value(shift) / value).toBeCloseTo(1, 6);
  });

  test('an inverse gamma without a variance is refused', () => {
    const posterior = new DagRegressionPosterior({
      graph: new CausalGraph(1, Uint8Array.of(0)),
      noise: { kind: 'unknown', shape: 1, scale: 1 },
    });
    expect(
      () => new IntegratedVariance({ posterior, goalMean: Float64Array.of(1), rows: 1, feasible: UNIT_BALL }),
    ).toThrow('finite only for an inverse gamma shape above 2, got 1.5');
  });
});

describe('output weighting', () => {
  test('the exact measure equals an average over the sphere with weights one over the gap density', () => {
    const estimate = Float64Array.of(0.5, -0.3, 0.2, 0.4, 0.1);
    const length = Math.hypot(...estimate);
    const totals = new Float64Array(5);
    let weightTotal = 0;
    const random = stream.child('sphere');
    for (let s = 0; s < 200_000; s++) {
      const a = randomDirection(random, 5);
      const cosine = a.reduce((sum, entry, i) => sum + (entry * estimate[i]!) / length, 0);
      const weight = 1 / Math.max(1e-3, 1 - cosine * cosine);
      weightTotal += weight;
      for (let i = 0; i < 5; i++) totals[i]! += weight * (a[i]! - estimate[i]!) ** 2;
    }
    exactOutputWeightedGap(estimate).forEach((gap, i) => {
      expect(Math.abs(gap - totals[i]! / weightTotal)).toBeLessThan(0.02);
    });
  });

  test('in three dimensions it is uniform, and the von Mises-Fisher measure goes from uniform to +-b', () => {
    const estimate = Float64Array.of(0.6, 0, 0.8);
    exactOutputWeightedGap(estimate).forEach((gap, i) => {
      expect(gap).toBeCloseTo(1 / 3 + estimate[i]! ** 2, 12);
    });
    vonMisesFisherGap(estimate, 1e-3).forEach((gap, i) => {
      expect(gap).toBeCloseTo(1 / 3 + estimate[i]! ** 2, 5);
    });
    vonMisesFisherGap(estimate, 1e6).forEach((gap, i) => {
      expect(gap).toBeCloseTo(2 * estimate[i]! ** 2, 5);
    });
    expect(() => vonMisesFisherGap(estimate, 0)).toThrow("'concentration' must be positive, got 0");
  });
});

describe.each([1, 2, 3, 4])('theorem 2, system %i', (seed) => {
  const size = 5;
  const system = randomSystem(stream.child('theorem', seed), size, 1);
  const length = Math.hypot(...optimum(system.weights, system.goalMean));
  const goalMean = system.goalMean.map((entry) => entry / length);
  const best = optimum(system.weights, goalMean);
  const steps = [250, 1000, 4000, 16_000];
  const posteriors = steps.map((count) =>
    posteriorAfter(system, { steps: count, stream: stream.child('theorem', seed, 'data') }),
  );
  const slope = (values: readonly number[]) =>
    Math.log(values.at(-1)! / values[0]!) / Math.log(steps.at(-1)! / steps[0]!);
  const civ = posteriors.map(
    (posterior) => new IntegratedVariance({ posterior, goalMean, rows: 1, feasible: UNIT_BALL }),
  );

  test('v_i decays as 1/t', () => {
    for (let i = 1; i < size; i++) {
      const spreads = posteriors.map((posterior) => new LookaheadSpread(posterior, goalMean, 1).evaluate(best)[i]!);
      expect(slope(spreads)).toBeGreaterThan(-1.15);
      expect(slope(spreads)).toBeLessThan(-0.85);
    }
  });

  test('the value decays as 1/t at any shift', () => {
    for (const shift of [best, randomDirection(stream.child('theorem', seed, 'shift'), size)]) {
      const rate = slope(civ.map((criterion) => criterion.value(shift)));
      expect(rate).toBeGreaterThan(-1.1);
      expect(rate).toBeLessThan(-0.9);
    }
  });

  const gradientAt = (criterion: IntegratedVariance, shift: Float64Array) => {
    const gradient = new Float64Array(size);
    criterion.valueAndGradient(shift, gradient);
    return gradient;
  };

  test('the gradient at the optimum decays as 1/t^2', () => {
    expect(slope(civ.map((criterion) => Math.hypot(...gradientAt(criterion, best))))).toBeLessThan(-1.8);
  });

  test('the curvature at the optimum is no more negative than 1/t^2', () => {
    const lowest = civ.map((criterion) => {
      const rows = Array.from({ length: size }, (_, i) => {
        const [up, down] = [1e-4, -1e-4].map((step) => gradientAt(criterion, best.with(i, best[i]! + step)));
        return [...up!].map((entry, k) => (entry - down![k]!) / 2e-4);
      });
      const hessian = new Matrix(rows);
      const symmetric = hessian.clone().add(hessian.transpose()).div(2);
      const { realEigenvalues } = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
      return Math.min(0, ...realEigenvalues);
    });
    const scaled = lowest.map((eigenvalue, index) => eigenvalue * steps[index]! ** 2);
    for (const value of scaled) expect(value).toBeGreaterThan(3 * scaled[0]! - 1e-6);
  });
});

function optimum(weights: Float64Array, mean: Float64Array): Float64Array {
  const p = mean.length;
  return mean.map((value, i) => {
    let shift = value;
    for (let k = 0; k < p; k++) shift -= weights[i * p + k]! * mean[k]!;
    return shift;
  });
}

test('property: lengthening a shift never raises CIV, so the minimiser of the ball lies on its sphere', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 9 }), fc.nat(1000), (size, steps, seed) => {
      const random = stream.child('ball', size, steps, seed);
      const system = randomSystem(random, size);
      const posterior = posteriorAfter(system, { steps, stream: random });
      const options = { posterior, goalMean: system.goalMean, rows: 2, feasible: UNIT_BALL } as const;
      const criterion = new IntegratedVariance(options);
      const direction = randomDirection(random, size);
      const values = [0.25, 0.5, 1].map((radius) => criterion.value(direction.map((entry) => radius * entry)));
      expect(values[1]).toBeLessThanOrEqual(values[0]! * (1 + 1e-12));
      expect(values[2]).toBeLessThanOrEqual(values[1]! * (1 + 1e-12));
      const outcome = minimiseAcquisition(criterion, { feasible: UNIT_BALL, starts: [direction] });
      expect(Math.hypot(...outcome.shift)).toBeCloseTo(1, 12);
      expect(outcome.value).toBeLessThanOrEqual(values[2]!);
    }),
    { numRuns: 60, seed: 11 },
  );
});

test('rows measured at the plug-in mean lower v_i exactly as foreseen', () => {
  const system = randomSystem(stream.child('lookahead'), 6);
  const posterior = posteriorAfter(system, { steps: 7, stream: stream.child('lookahead', 'data') });
  const shift = randomDirection(stream.child('lookahead', 'shift'), 6);
  const foreseen = new LookaheadSpread(posterior, system.goalMean, 3).evaluate(shift).slice();
  const mean = posterior.plugInMean(shift, new Float64Array(6));
  const after = posterior.clone();
  after.update([...mean, ...mean, ...mean], shift);
  new LookaheadSpread(after, system.goalMean, 1).current.forEach((spread, i) => {
    expect(spread).toBeCloseTo(foreseen[i]!, 12);
  });
  expect(
    after.expectedWeights().every((weight, entry) => Math.abs(weight - posterior.expectedWeights()[entry]!) < 1e-12),
  ).toBe(true);
});
