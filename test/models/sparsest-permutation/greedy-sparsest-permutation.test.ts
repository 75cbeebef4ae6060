import { describe, expect, test } from 'vitest';
import type { CausalGraph } from '../../../core/causal/graph.js';
import { RandomStream } from '../../../core/random/stream.js';
import { GoalInstanceConfig, sampleGoalInstance } from '../../../envs/goal/goal-instance.js';
import { greedySparsestPermutation } from '../../../models/sparsest-permutation/greedy-sparsest-permutation.js';
import {
  dependentVariables,
  partialCorrelationTest,
  sampleCovariance,
  upperNormalQuantile,
} from '../../../models/sparsest-permutation/partial-correlation.js';

const stream = new RandomStream('sparsest-permutation');

/** Undirected edges, and colliders a -> c <- b with a, b not joined: what observations can tell (the Markov class). */
function markovClass(graph: CausalGraph): { skeleton: string[]; colliders: string[] } {
  const skeleton: string[] = [];
  const colliders: string[] = [];
  const joined = (a: number, b: number) => graph.hasEdge(a, b) || graph.hasEdge(b, a);
  for (let a = 0; a < graph.size; a++)
    for (let b = a + 1; b < graph.size; b++) {
      if (joined(a, b)) skeleton.push(`${a}-${b}`);
      else
        for (let c = 0; c < graph.size; c++)
          if (graph.hasEdge(a, c) && graph.hasEdge(b, c)) colliders.push(`${a}>${c}<${b}`);
    }
  return { skeleton, colliders };
}

describe('greedySparsestPermutation', () => {
  test.each([
    ['path', {}],
    ['in-star', {}],
    ['rooted-tree', {}],
    ['erdos-renyi', { probability: 0.3 }],
  ])('finds the Markov class of a %s from many observations', (kind, extra) => {
    const config = GoalInstanceConfig.parse({ variables: 6, targets: 1, graph: { kind, ...extra } });
    const { model } = sampleGoalInstance(config, stream.child(kind));
    const values = model.sample({ kind: 'none', targets: new Uint8Array(6) }, 20_000, stream.child(kind, 'data'));
    const found = greedySparsestPermutation(values, 6, { stream: stream.child(kind, 'search') });
    expect(markovClass(found)).toEqual(markovClass(model.graph));
  });

  test('independent variables have no edges; the same stream gives the same graph', () => {
    const values = stream.child('independent').fillNormal(new Float64Array(8 * 2000));
    expect(greedySparsestPermutation(values, 8, { stream, alpha: 1e-5 }).edgeCount).toBe(0);
    const few = stream.child('few').fillNormal(new Float64Array(8 * 60));
    const learn = () => greedySparsestPermutation(few, 8, { stream, alpha: 0.3, starts: 2 }).adjacency;
    expect(learn()).toEqual(learn());
  });

  test('a gene that never varies stays alone', () => {
    const values = stream.child('constant').fillNormal(new Float64Array(3 * 500));
    for (let row = 0; row < 500; row++) {
      values[3 * row + 1] = 0;
      values[3 * row + 2]! += values[3 * row]!;
    }
    const graph = greedySparsestPermutation(values, 3, { stream });
    expect(graph.edgeCount).toBe(1);
    expect(graph.hasEdge(0, 2) || graph.hasEdge(2, 0)).toBe(true);
  });

  test('bad options are refused', () => {
    const values = new Float64Array(3 * 50);
    expect(() => greedySparsestPermutation(values, 3, { stream, starts: 0 })).toThrow(
      "'starts' must be a positive integer",
    );
    expect(() => greedySparsestPermutation(values, 3, { stream, alpha: 0 })).toThrow(
      "'alpha' must lie between 0 and 1",
    );
    expect(() => greedySparsestPermutation(new Float64Array(12), 3, { stream })).toThrow(
      '3 variables need at least 6 rows, got 4',
    );
  });
});

describe('partial correlations', () => {
  test('normal quantiles', () => {
    expect(upperNormalQuantile(0.025)).toBeCloseTo(1.959963985, 8);
    expect(upperNormalQuantile(0.0005)).toBeCloseTo(3.290526731, 8);
    expect(upperNormalQuantile(0.5)).toBeCloseTo(0, 12);
  });

  test('sample covariance against its definition', () => {
    const covariance = sampleCovariance([1, 2, 3, 5, 2, 2], 2);
    expect(covariance.to2DArray()).toEqual([
      [1, 1.5],
      [1.5, 3],
    ]);
    expect(() => sampleCovariance([1, 2], 2)).toThrow('at least 2 rows');
    expect(() => sampleCovariance([1, 2, 3], 2)).toThrow("'values' must have shape [2], got [3]");
  });

  test('false alarms come at the rate alpha', () => {
    let alarms = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const values = stream.child('alarms', trial).fillNormal(new Float64Array(3 * 40));
      alarms += dependentVariables(partialCorrelationTest(values, 3, 0.1), 0, [1, 2]).length;
    }
    expect(Math.abs(alarms / 4000 - 0.1)).toBeLessThan(0.02);
  });

  test('a chain: its ends depend on each other alone, not given the middle', () => {
    const values = stream.child('chain').fillNormal(new Float64Array(3 * 5000));
    for (let row = 0; row < 5000; row++) {
      values[3 * row + 1]! += values[3 * row]!;
      values[3 * row + 2]! += values[3 * row + 1]!;
    }
    const test = partialCorrelationTest(values, 3, 1e-3);
    expect(dependentVariables(test, 2, [0])).toEqual([0]);
    expect(dependentVariables(test, 2, [0, 1])).toEqual([1]);
    expect(dependentVariables(test, 2, [])).toEqual([]);
  });
});
