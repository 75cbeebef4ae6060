import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import type { AcquisitionFunction } from '../../../models/civ/acquisition.js';
import { type FeasibleSet, meanSquaredGap, UNIT_BALL } from '../../../models/civ/feasible-set.js';
import { ConfidenceBound } from '../../../models/civ/gap-criteria.js';
import { IntegratedVariance } from '../../../models/civ/integrated-variance.js';
import { minimiseAcquisition, PUBLISHED_SEARCH } from '../../../models/civ/minimise-acquisition.js';
import { proposeShift, randomShift, SHIFT_CRITERIA } from '../../../models/civ/propose-shift.js';
import { OptimumVariance, WeightVariance } from '../../../models/civ/variance-criteria.js';
import { posteriorAfter, randomDirection, randomSystem } from './systems.js';

const stream = new RandomStream('civ/minimise');
const BOX: FeasibleSet = { kind: 'box', lower: 0, upper: 1 };

/** Smallest value over many random feasible points, a lower bar for any optimiser. */
function bestOfRandom(acquisition: AcquisitionFunction, feasible: FeasibleSet, count = 4000): number {
  const random = stream.child('random', feasible.kind);
  return Math.min(
    ...Array.from({ length: count }, () => acquisition.value(randomShift(feasible, acquisition.size, random))),
  );
}

describe('minimiseAcquisition', () => {
  const system = randomSystem(stream, 4, 1);
  const posterior = posteriorAfter(system, { steps: 9, stream: stream.child('data') });
  const { goalMean } = system;
  const starts = [randomDirection(stream.child('start'), 4), posterior.estimatedShift(goalMean)];

  test.each([
    ['ball', UNIT_BALL],
    ['box', BOX],
  ] as const)('on a %s it beats thousands of random points for every kind of criterion', (_, feasible) => {
    for (const acquisition of [
      new IntegratedVariance({ posterior, goalMean, rows: 1, feasible }),
      new OptimumVariance(posterior, goalMean, 1),
      new WeightVariance(posterior, 1),
      new ConfidenceBound(posterior, goalMean),
    ]) {
      const boxed = starts.map((start) => (feasible.kind === 'box' ? start.map((entry) => Math.abs(entry)) : start));
      const outcome = minimiseAcquisition(acquisition, { feasible, starts: boxed });
      expect(outcome.status).toBe('converged');
      expect(outcome.value).toBe(acquisition.value(outcome.shift));
      expect(outcome.value).toBeLessThanOrEqual(bestOfRandom(acquisition, feasible) * (1 + 1e-6));
      if (feasible.kind === 'box') for (const entry of outcome.shift) expect(entry >= 0 && entry <= 1).toBe(true);
      else expect(Math.hypot(...outcome.shift)).toBeLessThanOrEqual(1 + 1e-12);
    }
  });

  test('a finite list is enumerated, and CIV averages over it', () => {
    const candidates = Array.from({ length: 6 }, (_, index) => randomDirection(stream.child('candidate', index), 4));
    const feasible: FeasibleSet = { kind: 'finite', candidates };
    const acquisition = new IntegratedVariance({ posterior, goalMean, rows: 1, feasible });
    const outcome = minimiseAcquisition(acquisition, { feasible, starts: [] });
    expect(outcome.status).toBe('enumerated');
    expect(outcome.shift).toEqual(candidates[outcome.origin]);
    for (const candidate of candidates) expect(outcome.value).toBeLessThanOrEqual(acquisition.value(candidate));
    const b = Float64Array.of(1, 0, 0, 0);
    const gap = meanSquaredGap(feasible, b);
    expect(gap[0]).toBeCloseTo(candidates.reduce((sum, candidate) => sum + (candidate[0]! - 1) ** 2, 0) / 6, 12);
    expect(meanSquaredGap(BOX, b)[0]).toBeCloseTo(1 / 3, 12);
    expect(meanSquaredGap(BOX, b)[1]).toBeCloseTo(1 / 3, 12);
  });

  test('iterations that run out are said so, and still give a feasible shift', () => {
    const acquisition = new IntegratedVariance({ posterior, goalMean, rows: 1, feasible: UNIT_BALL });
    const outcome = minimiseAcquisition(acquisition, { feasible: UNIT_BALL, starts: [starts[0]!], iterations: 1 });
    expect(outcome.status).toBe('iteration-limit');
    expect(Math.hypot(...outcome.shift)).toBeCloseTo(1, 12);
  });

  test('the published search is no better than the thorough one and no worse than its starts', () => {
    for (const acquisition of [
      new IntegratedVariance({ posterior, goalMean, rows: 1, feasible: UNIT_BALL }),
      new OptimumVariance(posterior, goalMean, 1),
    ]) {
      const published = minimiseAcquisition(acquisition, { feasible: UNIT_BALL, starts, effort: PUBLISHED_SEARCH });
      const thorough = minimiseAcquisition(acquisition, { feasible: UNIT_BALL, starts });
      expect(published.value).toBeGreaterThanOrEqual(thorough.value * (1 - 1e-5));
      for (const start of starts) {
        const unit = start.map((entry) => entry / Math.hypot(...start));
        expect(published.value).toBeLessThanOrEqual(acquisition.value(unit));
      }
    }
  });

  test('nothing to start from, an empty list and a value that is not finite are errors, never an empty answer', () => {
    const acquisition = new ConfidenceBound(posterior, goalMean);
    const minimise = (feasible: FeasibleSet, from: Float64Array[]) =>
      minimiseAcquisition(acquisition, { feasible, starts: from });
    expect(() => minimise(UNIT_BALL, [new Float64Array(4)])).toThrow('no start differs from zero');
    expect(() => minimise({ kind: 'finite', candidates: [] }, [])).toThrow('needs at least one candidate');
    expect(() => minimise({ kind: 'finite', candidates: [new Float64Array(3)] }, [])).toThrow(
      'must hold 4 finite numbers',
    );
    expect(() => minimise({ kind: 'ball', radius: 0 }, starts)).toThrow("'radius' must be positive");
    expect(() => minimise({ kind: 'box', lower: 1, upper: 1 }, starts)).toThrow('needs lower < upper');
    const broken: AcquisitionFunction = {
      size: 4,
      prefersLongShifts: true,
      degree: 0,
      isMaximum: false,
      value: () => Number.NaN,
      valueAndGradient: () => Number.NaN,
    };
    expect(() => minimiseAcquisition(broken, { feasible: UNIT_BALL, starts })).toThrow('not finite at any start');
  });
});

describe('proposeShift', () => {
  const system = randomSystem(stream.child('propose'), 5);

  test.each(SHIFT_CRITERIA)(
    '%s proposes a feasible shift from the prior on, the same for the same stream',
    (criterion) => {
      for (const steps of [0, 1, 6]) {
        const posterior = posteriorAfter(system, { steps, stream: stream.child('propose', steps) });
        for (const feasible of [
          UNIT_BALL,
          { kind: 'finite', candidates: [randomDirection(stream.child('c'), 5)] } as const,
        ]) {
          const state = {
            posterior,
            goalMean: system.goalMean,
            feasible,
            rows: 2,
            tried: steps > 0 ? [randomDirection(stream.child('t'), 5)] : [],
          };
          const outcome = proposeShift(criterion, state, stream.child('choice', steps));
          expect(Math.hypot(...outcome.shift)).toBeLessThanOrEqual(1 + 1e-9);
          expect(proposeShift(criterion, state, stream.child('choice', steps))).toEqual(outcome);
        }
      }
    },
  );

  test('a graph without edges and a single variable work', () => {
    for (const size of [1, 3]) {
      const empty = randomSystem(stream.child('empty', size), size, 0);
      const posterior = posteriorAfter(empty, { steps: 2, stream: stream.child('empty', 'data') });
      for (const criterion of SHIFT_CRITERIA) {
        const state = { posterior, goalMean: empty.goalMean, feasible: UNIT_BALL, rows: 1, tried: [] };
        expect(proposeShift(criterion, state, stream.child('empty', criterion)).shift).toHaveLength(size);
      }
    }
  });

  test('an unknown criterion is an error', () => {
    const posterior = posteriorAfter(system, { steps: 0, stream });
    const state = { posterior, goalMean: system.goalMean, feasible: UNIT_BALL, rows: 1, tried: [] };
    expect(() => proposeShift('best', state, stream)).toThrow("unknown criterion 'best'");
  });
});
