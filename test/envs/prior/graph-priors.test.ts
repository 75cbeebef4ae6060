import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CausalGraph } from '../../../core/causal/graph.js';
import { RandomStream } from '../../../core/random/stream.js';
import {
  erdosRenyiEdgeProbability,
  type GraphPriorConfig,
  sampleGraph,
  scaleFreeEdgeCount,
  scaleFreeEdgesPerStep,
} from '../../../envs/prior/graph-priors.js';

const KINDS = ['erdos-renyi', 'scale-free'] as const;

function graphs(prior: GraphPriorConfig, size: number, count: number): CausalGraph[] {
  const stream = new RandomStream(`graph-priors/${prior.kind}/${prior.degree}/${size}`);
  return Array.from({ length: count }, (_, k) => sampleGraph(prior, size, stream.child(k)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe.each(KINDS)('%s', (kind) => {
  test('gives acyclic graphs of any size and degree, the same for the same stream', () => {
    const arguments_ = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.double({ min: 0, max: 40, noNaN: true }), fc.nat());
    fc.assert(
      fc.property(arguments_, ([size, degree, seed]) => {
        const draw = () => sampleGraph({ kind, degree }, size, new RandomStream(`graph/${seed}`));
        // The constructor refuses cycles, so a graph that exists has none.
        expect(draw().size).toBe(size);
        expect(draw().adjacency).toEqual(draw().adjacency);
      }),
    );
  });

  test('labels carry no information: every ordered pair is an edge equally often', () => {
    const size = 5;
    const drawn = graphs({ kind, degree: 1 }, size, 4000);
    const rate = mean(drawn.map((graph) => graph.edgeCount)) / (size * (size - 1));
    const error = 4.5 * Math.sqrt((rate * (1 - rate)) / drawn.length);
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        if (i !== j)
          expect(Math.abs(mean(drawn.map((graph) => (graph.hasEdge(i, j) ? 1 : 0))) - rate)).toBeLessThan(error);
  });

  test('one variable has no edges, degree 0 none either', () => {
    expect(sampleGraph({ kind, degree: 3 }, 1, new RandomStream('one')).edgeCount).toBe(0);
    expect(sampleGraph({ kind, degree: 0 }, 6, new RandomStream('none')).edgeCount).toBe(0);
  });
});

describe('Erdos-Renyi', () => {
  test.each([
    [10, 3, 2 / 3],
    [20, 3, 60 / 190],
    [5, 3, 0.99],
    [2, 0.25, 0.5],
    [1, 3, 0],
  ])('joins each pair of %i variables at degree %d with probability %d', (size, degree, probability) => {
    expect(erdosRenyiEdgeProbability(size, degree)).toBeCloseTo(probability, 12);
  });

  test('has degree * d edges on average, binomially many', () => {
    const counts = graphs({ kind: 'erdos-renyi', degree: 3 }, 10, 4000).map((graph) => graph.edgeCount);
    const variance = 45 * (2 / 3) * (1 / 3);
    expect(Math.abs(mean(counts) - 30)).toBeLessThan(4 * Math.sqrt(variance / counts.length));
    expect(Math.abs(mean(counts.map((count) => (count - 30) ** 2)) / variance - 1)).toBeLessThan(0.1);
  });
});

describe('scale-free', () => {
  test.each([
    [10, 3, 4, 30],
    [15, 3, 4, 50],
    [20, 3, 3, 54],
    [30, 3, 3, 84],
    [5, 3, 4, 10],
    [2, 3, 1, 1],
    [1, 3, 0, 0],
    [10, 0, 0, 0],
  ])('%i variables at degree %d: m = %i, %i edges in every graph', (size, degree, edgesPerStep, edges) => {
    expect(scaleFreeEdgesPerStep(size, degree)).toBe(edgesPerStep);
    expect(scaleFreeEdgeCount(size, edgesPerStep)).toBe(edges);
    for (const graph of graphs({ kind: 'scale-free', degree }, size, 20)) expect(graph.edgeCount).toBe(edges);
  });

  test('has hubs: the largest in-degree exceeds that of an Erdos-Renyi graph with as many edges, out-degrees do not', () => {
    const largest = (kind: 'erdos-renyi' | 'scale-free', neighbours: 'parents' | 'children') =>
      mean(
        graphs({ kind, degree: 84 / 30 }, 30, 200).map((graph) =>
          Math.max(...Array.from({ length: 30 }, (_, variable) => graph[neighbours](variable).length)),
        ),
      );
    expect(largest('scale-free', 'parents')).toBeGreaterThan(largest('erdos-renyi', 'parents') + 2);
    expect(largest('scale-free', 'children')).toBe(3);
  });

  test('attachment is proportional to 1 + in-degree', () => {
    // Third variable of m = 1: the eldest has one parent already, so it is chosen with probability 2/3.
    const drawn = graphs({ kind: 'scale-free', degree: 2 / 3 }, 3, 6000);
    const hubs = drawn.filter((graph) => [0, 1, 2].some((variable) => graph.parents(variable).length === 2));
    expect(Math.abs(hubs.length / drawn.length - 2 / 3)).toBeLessThan(4 * Math.sqrt(2 / 9 / drawn.length));
  });
});
