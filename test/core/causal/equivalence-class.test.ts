import { expect, test } from 'vitest';
import { equivalenceClass } from '../../../core/causal/equivalence-class.js';
import { CausalGraph } from '../../../core/causal/graph.js';
import { CausalPilotError } from '../../../core/errors.js';

/** Every DAG over `size` variables. */
function allGraphs(size: number): CausalGraph[] {
  const entries = Array.from({ length: size * size }, (_, entry) => entry).filter((entry) => entry % (size + 1) !== 0);
  return Array.from({ length: 2 ** entries.length }, (_, code) => {
    const adjacency = new Uint8Array(size * size);
    entries.forEach((entry, bit) => {
      adjacency[entry] = (code >> bit) & 1;
    });
    try {
      return [new CausalGraph(size, adjacency)];
    } catch (error) {
      if (error instanceof CausalPilotError) return [];
      throw error;
    }
  }).flat();
}

/** Skeleton and colliders without an edge between their parents: two DAGs are equivalent where these agree. */
function invariants(graph: CausalGraph): string {
  const parts: string[] = [];
  const joined = (a: number, b: number) => graph.hasEdge(a, b) || graph.hasEdge(b, a);
  for (let a = 0; a < graph.size; a++)
    for (let b = 0; b < a; b++) {
      if (joined(a, b)) parts.push(`${b}-${a}`);
      else
        for (let c = 0; c < graph.size; c++)
          if (graph.hasEdge(a, c) && graph.hasEdge(b, c)) parts.push(`${b}>${c}<${a}`);
    }
  return parts.join();
}

test.each([1, 2, 3, 4])('over %i variables it is the union of all equivalent DAGs', (size) => {
  const graphs = allGraphs(size);
  const unions = new Map<string, Uint8Array>();
  for (const graph of graphs) {
    const key = invariants(graph);
    const union = unions.get(key) ?? new Uint8Array(size * size);
    unions.set(
      key,
      union.map((entry, at) => entry | graph.adjacency[at]!),
    );
  }
  // DAGs and equivalence classes: Robinson (1973); Gillispie and Perlman (2001).
  expect([graphs.length, unions.size]).toEqual(
    [
      [1, 1],
      [3, 2],
      [25, 11],
      [543, 185],
    ][size - 1],
  );
  for (const graph of graphs) expect(equivalenceClass(graph)).toEqual(unions.get(invariants(graph)));
});
