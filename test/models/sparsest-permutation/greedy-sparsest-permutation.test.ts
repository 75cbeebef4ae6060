import { describe, expect, test } from 'vitest';
import { equivalenceClass } from '../../../core/causal/equivalence-class.js';
import type { CausalGraph } from '../../../core/causal/graph.js';
import { RandomStream } from '../../../core/random/stream.js';
import { GoalInstanceConfig, sampleGoalInstance } from '../../../envs/goal/goal-instance.js';
import {
  greedySparsestPermutation,
  sparsestPermutations,
} from '../../../models/sparsest-permutation/greedy-sparsest-permutation.js';

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

  test('property: neither units nor offsets nor constants that rounding moves change the graph', () => {
    const size = 6;
    for (let trial = 0; trial < 10; trial++) {
      const data = stream.child('any-unit', trial);
      const values = data.fillNormal(new Float64Array(size * 200));
      for (let row = 0; row < 200; row++) {
        values[size * row + 5] = 0.1;
        for (let i = 1; i < 5; i++) values[size * row + i]! += 0.6 * values[size * row + i - 1]!;
      }
      const learn = (data: Float64Array) =>
        sparsestPermutations(data, size, { stream, alpha: 0.05 }).map(({ adjacency }) => [...adjacency]);
      const graphs = learn(values);
      for (const factor of [1e-9, 1e-6, 1e-3, 1e3, 1e6, 1e9])
        expect(learn(values.map((value) => value * factor))).toEqual(graphs);
      expect(learn(values.map((value) => value + 1e6))).toEqual(graphs);
      // Every variable in a unit of its own.
      expect(learn(values.map((value, entry) => value * 10 ** (3 * (entry % size) - 9) - 4))).toEqual(graphs);
    }
  });

  test('property: relabelled variables and other orders of rows give a graph of the same sparseness', () => {
    const size = 5;
    for (let trial = 0; trial < 10; trial++) {
      const config = GoalInstanceConfig.parse({
        variables: size,
        targets: 1,
        graph: { kind: 'erdos-renyi', probability: 0.4 },
      });
      const { model } = sampleGoalInstance(config, stream.child('order', trial));
      const values = model.sample(
        { kind: 'none', targets: new Uint8Array(size) },
        5000,
        stream.child('order', trial, 'data'),
      );
      const columns = stream.child('order', trial, 'columns').permutation(size);
      const rows = stream.child('order', trial, 'rows').permutation(5000);
      const moved = values.map((_, entry) => values[rows[Math.floor(entry / size)]! * size + columns[entry % size]!]!);
      const options = { stream, starts: 20 };
      const classes = (graphs: CausalGraph[]) => graphs.map((graph) => equivalenceClass(graph).join('')).sort();
      const found = sparsestPermutations(values, size, options);
      const again = sparsestPermutations(moved, size, options).map((graph) => graph.relabelled(columns));
      expect(classes(again)).toEqual(classes(found));
    }
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
