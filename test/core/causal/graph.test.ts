import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CausalGraph } from '../../../core/causal/graph.js';
import { acyclicGraphs, permutations } from './arbitrary-graphs.js';

describe('CausalGraph', () => {
  test('orders parents before children', () => {
    fc.assert(
      fc.property(acyclicGraphs(), (graph) => {
        const place = new Map([...graph.topologicalOrder].map((variable, k) => [variable, k]));
        expect(place.size).toBe(graph.size);
        for (let child = 0; child < graph.size; child++)
          for (const parent of graph.parents(child)) expect(place.get(parent)).toBeLessThan(place.get(child)!);
      }),
    );
  });

  test('parents, children and edge count describe the same edges', () => {
    const graph = CausalGraph.fromEdges(4, [
      [0, 2],
      [1, 2],
      [2, 3],
    ]);
    expect(graph.parents(2)).toEqual([0, 1]);
    expect(graph.children(2)).toEqual([3]);
    expect(graph.edgeCount).toBe(3);
    expect(graph.hasEdge(2, 3)).toBe(true);
    expect(graph.hasEdge(3, 2)).toBe(false);
    expect([...graph.topologicalOrder]).toEqual([0, 1, 2, 3]);
  });

  test('descendants are what some power of the adjacency reaches', () => {
    fc.assert(
      fc.property(acyclicGraphs(), (graph) => {
        const { size } = graph;
        for (let source = 0; source < size; source++) {
          let reached = new Uint8Array(size);
          for (let length = 0; length < size; length++) {
            const next = Uint8Array.from(reached);
            for (let j = 0; j < size; j++)
              if (graph.hasEdge(source, j) || graph.parents(j).some((parent) => reached[parent] === 1)) next[j] = 1;
            reached = next;
          }
          expect(graph.descendants(source)).toEqual(reached);
        }
      }),
    );
  });

  test('relabelling renames every edge and can be undone', () => {
    fc.assert(
      fc.property(
        acyclicGraphs().chain((graph) => fc.tuple(fc.constant(graph), permutations(graph.size))),
        ([graph, names]) => {
          const renamed = graph.relabelled(names);
          expect(renamed.edgeCount).toBe(graph.edgeCount);
          for (let i = 0; i < graph.size; i++)
            for (let j = 0; j < graph.size; j++)
              expect(renamed.hasEdge(names[i]!, names[j]!)).toBe(graph.hasEdge(i, j));
          const inverse = names.map((_, k) => names.indexOf(k));
          expect(renamed.relabelled(inverse).adjacency).toEqual(graph.adjacency);
        },
      ),
    );
  });

  test('one variable and no edges are fine', () => {
    expect([...new CausalGraph(1, new Uint8Array(1)).topologicalOrder]).toEqual([0]);
    expect(new CausalGraph(3, new Uint8Array(9)).edgeCount).toBe(0);
  });

  test.each([
    ['a self-loop', () => new CausalGraph(2, Uint8Array.of(1, 0, 0, 0)), 'directed cycle'],
    ['a cycle', () => CausalGraph.fromEdges(3, [[0, 1], [1, 2], [2, 0]]), 'directed cycle'], // biome-ignore format: one case a line
    [
      'a wrong length',
      () => new CausalGraph(2, new Uint8Array(3)),
      "'adjacency' must hold size x size = 4 entries, got 3",
    ],
    ['an entry of 2', () => new CausalGraph(2, Uint8Array.of(0, 2, 0, 0)), 'entry (0, 1) must be 0 or 1, got 2'],
    ['no variables', () => new CausalGraph(0, new Uint8Array(0)), 'size'],
    ['an edge to nowhere', () => CausalGraph.fromEdges(2, [[0, 2]]), 'edge 0 -> 2 must join variables in [0, 1]'],
  ])('%s is refused', (_, make, message) => {
    expect(make).toThrow(message);
  });
});
