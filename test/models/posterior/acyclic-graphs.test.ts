import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CausalGraph } from '../../../core/causal/graph.js';
import { RandomStream } from '../../../core/random/stream.js';
import { AcyclicGraphs, countOrders } from '../../../models/posterior/acyclic-graphs.js';

/** All acyclic graphs over `size` variables. */
function allGraphs(size: number): CausalGraph[] {
  const pairs = Array.from({ length: size * size }, (_, at) => at).filter((at) => at % (size + 1) !== 0);
  return Array.from({ length: 2 ** pairs.length }, (_, code) => {
    const adjacency = new Uint8Array(size * size);
    pairs.forEach((at, bit) => {
      adjacency[at] = (code >> bit) & 1;
    });
    return adjacency;
  }).flatMap((adjacency) => {
    try {
      return [new CausalGraph(size, adjacency)];
    } catch {
      return [];
    }
  });
}

function permutations(size: number): number[][] {
  if (size === 0) return [[]];
  return permutations(size - 1).flatMap((rest) =>
    Array.from({ length: size }, (_, at) => [...rest.slice(0, at), size - 1, ...rest.slice(at)]),
  );
}

function fits(graph: CausalGraph, order: readonly number[]): boolean {
  return order.every((child, at) => order.slice(at).every((later) => !graph.hasEdge(later, child)));
}

function drawnProbabilities(name: string, size: number, most: number): Float64Array {
  const stream = new RandomStream(name);
  return Float64Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 0 : most * stream.uniform()));
}

const graphs = allGraphs(4);

describe('AcyclicGraphs', () => {
  test('there are 543 acyclic graphs over four variables, and orders are counted', () => {
    expect(graphs).toHaveLength(543);
    for (const graph of graphs.slice(0, 100))
      expect(countOrders(graph)).toBe(permutations(4).filter((order) => fits(graph, order)).length);
  });

  test('conditioned: independent edges times the number of orders, summing to 1', () => {
    const p = drawnProbabilities('acyclic/conditioned', 4, 1);
    const found = AcyclicGraphs.conditioned(p, 4);
    const weights = graphs.map((graph) => {
      let weight = permutations(4).filter((order) => fits(graph, order)).length;
      graph.adjacency.forEach((edge, at) => {
        if (at % 5 !== 0) weight *= edge === 1 ? p[at]! : 1 - p[at]!;
      });
      return weight;
    });
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    graphs.forEach((graph, k) => {
      expect(found.logProbability(graph)).toBeCloseTo(Math.log(weights[k]! / total), 9);
    });
    const marginals = new Float64Array(16);
    graphs.forEach((graph, k) => {
      graph.adjacency.forEach((edge, at) => {
        marginals[at]! += (edge * weights[k]!) / total;
      });
    });
    found.edgeProbabilities().forEach((probability, at) => {
      expect(probability).toBeCloseTo(marginals[at]!, 9);
    });
  });

  test('fitted: draws have the stated edge probabilities wherever acyclic graphs can', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 7 }), fc.nat(1000), (size, seed) => {
        // A mixture of acyclic graphs has marginals that acyclic graphs can have.
        const stream = new RandomStream(`acyclic/fitted/${seed}`);
        const p = new Float64Array(size * size);
        for (let graph = 0; graph < 3; graph++) {
          const order = stream.permutation(size);
          for (let a = 0; a < size; a++)
            for (let b = a + 1; b < size; b++) p[order[a]! * size + order[b]!]! += stream.uniform() / 3;
        }
        AcyclicGraphs.fitted(p, size, { iterations: 500 })
          .edgeProbabilities()
          .forEach((probability, at) => {
            expect(Math.abs(probability - p[at]!)).toBeLessThan(0.02);
          });
      }),
      { numRuns: 30 },
    );
  });

  test('draws are acyclic and as frequent as their probabilities', () => {
    const found = AcyclicGraphs.fitted(drawnProbabilities('acyclic/draws', 3, 0.6), 3);
    const stream = new RandomStream('acyclic/draws/stream');
    const counts = new Map<string, number>();
    const draws = 20_000;
    for (let draw = 0; draw < draws; draw++) {
      const key = found.drawGraph(stream).adjacency.join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    for (const graph of allGraphs(3)) {
      const probability = Math.exp(found.logProbability(graph));
      const frequency = (counts.get(graph.adjacency.join('')) ?? 0) / draws;
      expect(Math.abs(frequency - probability)).toBeLessThan(5 * Math.sqrt(probability / draws) + 1e-4);
    }
  });

  test('certain cycles and certain edges leave finite probabilities', () => {
    const certain = Float64Array.from({ length: 36 }, (_, at) => (at % 7 === 0 ? 0 : 1));
    const graph = AcyclicGraphs.fitted(certain, 6).drawGraph(new RandomStream('acyclic/certain'));
    expect(graph.edgeCount).toBeGreaterThanOrEqual(12);
  });

  test('refuses what is no probability, and more variables than can be summed over', () => {
    expect(() => AcyclicGraphs.fitted([0, 1.5, 0, 0], 2)).toThrow('edge probability (0, 1) must be in [0, 1], got 1.5');
    expect(() => AcyclicGraphs.fitted([0, Number.NaN, 0, 0], 2)).toThrow('got NaN');
    expect(() => AcyclicGraphs.fitted(new Float64Array(441), 21)).toThrow('21 variables are more than 20');
  });
});
