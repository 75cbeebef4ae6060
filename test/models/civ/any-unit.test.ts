import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CausalGraph } from '../../../core/causal/graph.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DagRegressionPosterior, type NoiseModel } from '../../../models/civ/dag-regression-posterior.js';
import type { FeasibleSet } from '../../../models/civ/feasible-set.js';
import { PUBLISHED_SEARCH, THOROUGH_SEARCH } from '../../../models/civ/minimise-acquisition.js';
import { proposeShift, SHIFT_CRITERIA } from '../../../models/civ/propose-shift.js';
import { measure, randomDirection, randomSystem, type TestSystem } from './systems.js';

const FACTORS = [1e-9, 1e-6, 1e-3, 1e3, 1e6, 1e9];
const stream = new RandomStream('civ/any-unit');

interface RegressionCase {
  readonly graph: readonly (readonly number[])[];
  readonly rows: readonly (readonly number[])[];
  readonly factors: readonly number[];
  readonly expected: Figures;
  readonly expectedAtFactor1: Figures;
}

interface Figures {
  readonly mean: readonly number[];
  readonly variance: readonly number[];
  readonly noiseVarianceOverC2: number;
}

describe('regressions in any unit', () => {
  const { graph, rows, factors, expected, expectedAtFactor1 } = JSON.parse(
    readFileSync(new URL('../../fixtures/cases/regression.json', import.meta.url), 'utf8'),
  ) as RegressionCase;

  test.each([1, ...factors])('50 rows times %d: the weights, variances and noise of 80 digits', (c) => {
    const right = c === 1 ? expectedAtFactor1 : expected;
    const posterior = new DagRegressionPosterior({
      graph: new CausalGraph(3, Uint8Array.from(graph.flat())),
      noise: { kind: 'unknown', shape: 2, scale: c * c },
    });
    posterior.update(
      rows.flat().map((value) => value * c),
      new Float64Array(3),
    );
    const { mean, covariance } = posterior.nodes[2]!;
    const noise = posterior.noiseVariance(2);
    right.mean.forEach((value, k) => {
      expect(mean[k]).toBeCloseTo(value, 5);
    });
    right.variance.forEach((value, k) => {
      expect(covariance[3 * k]! * noise).toBeCloseTo(value, 4);
    });
    expect(noise / (c * c)).toBeCloseTo(right.noiseVarianceOverC2, 5);
  });
});

/** A posterior and a goal on `system` with every length c times as long. */
function inUnits(system: TestSystem, c: number, known: boolean): { posterior: DagRegressionPosterior; c: number } {
  const noise: NoiseModel = known
    ? { kind: 'known', variances: system.variances.map((variance) => variance * c * c) }
    : { kind: 'unknown', shape: 3, scale: c * c };
  const posterior = new DagRegressionPosterior({ graph: system.graph, noise, priorVariance: 1 / (c * c) });
  const data = new RandomStream('civ/any-unit/data');
  for (let step = 0; step < 8; step++) {
    const shift = randomDirection(data, system.graph.size);
    const samples = measure(system, shift, { rows: 2, stream: data });
    posterior.update(
      samples.map((value) => value * c),
      shift.map((value) => value * c),
    );
  }
  return { posterior, c };
}

function proposalInUnits(
  criterion: string,
  { posterior, c }: ReturnType<typeof inUnits>,
  given: { readonly system: TestSystem; readonly feasible: FeasibleSet; readonly thorough: boolean },
): Float64Array {
  const state = {
    posterior,
    goalMean: given.system.goalMean.map((value) => value * c),
    feasible: timesLength(given.feasible, c),
    rows: 2,
    tried: [randomDirection(new RandomStream('civ/any-unit/tried'), posterior.size).map((value) => value * c)],
    effort: given.thorough ? THOROUGH_SEARCH : PUBLISHED_SEARCH,
  };
  return proposeShift(criterion, state, new RandomStream('civ/any-unit/search')).shift.map((value) => value / c);
}

function timesLength(set: FeasibleSet, c: number): FeasibleSet {
  if (set.kind === 'ball') return { kind: 'ball', radius: set.radius * c };
  if (set.kind === 'box') return { kind: 'box', lower: set.lower * c, upper: set.upper * c };
  return { kind: 'finite', candidates: set.candidates.map((candidate) => candidate.map((value) => value * c)) };
}

describe('shifts proposed in any unit', () => {
  const system = randomSystem(stream.child('system'), 5);
  const candidates = Array.from({ length: 7 }, (_, index) => randomDirection(stream.child('candidate', index), 5));
  const sets: [string, FeasibleSet][] = [
    ['ball', { kind: 'ball', radius: 1 }],
    ['box', { kind: 'box', lower: -1, upper: 0.5 }],
    ['finite', { kind: 'finite', candidates }],
  ];

  for (const [name, feasible] of sets)
    for (const known of [true, false])
      test.each(SHIFT_CRITERIA)(
        `%s on a ${name}, noise ${known ? 'known' : 'unknown'}: over c it does not depend on c`,
        (criterion) => {
          for (const thorough of [true, false]) {
            const given = { system, feasible, thorough };
            const shift = proposalInUnits(criterion, inUnits(system, 1, known), given);
            for (const c of FACTORS) {
              const other = proposalInUnits(criterion, inUnits(system, c, known), given);
              expect(Math.max(...other.map((value, i) => Math.abs(value - shift[i]!)))).toBeLessThan(1e-4);
            }
          }
        },
      );
});
