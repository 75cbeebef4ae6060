import type { CausalGraph } from './graph.js';

/**
 * The Markov equivalence class of a DAG as a completed partially directed graph [d, d]: entry i * d + j is 1 where some
 * member has the edge i -> j. Both directions of an edge are 1 where members disagree, which is all that observations can tell.
 *
 * Colliders without an edge between their parents are kept, and the first three rules of Meek (1995) direct what follows
 * from them; they suffice where nothing else is known.
 */
export function equivalenceClass(graph: CausalGraph): Uint8Array {
  const { size } = graph;
  const directions = new Uint8Array(size * size);
  const joined = (a: number, b: number): boolean => graph.hasEdge(a, b) || graph.hasEdge(b, a);
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) directions[i * size + j] = joined(i, j) ? 1 : 0;
  const variables = Array.from({ length: size }, (_, i) => i);
  const isDirected = (a: number, b: number): boolean =>
    directions[a * size + b] === 1 && directions[b * size + a] === 0;
  const isUndirected = (a: number, b: number): boolean =>
    directions[a * size + b] === 1 && directions[b * size + a] === 1;
  for (const sink of variables)
    for (const a of graph.parents(sink))
      for (const b of graph.parents(sink)) if (a !== b && !joined(a, b)) directions[sink * size + a] = 0;
  const follows = (a: number, b: number): boolean =>
    variables.some((c) => isDirected(c, a) && c !== b && !joined(c, b)) ||
    variables.some((c) => isDirected(a, c) && isDirected(c, b)) ||
    variables.some(
      (c) =>
        isUndirected(a, c) &&
        isDirected(c, b) &&
        variables.some((e) => e !== c && isUndirected(a, e) && isDirected(e, b) && !joined(c, e)),
    );
  for (let changed = true; changed; ) {
    changed = false;
    for (const a of variables)
      for (const b of variables) {
        if (!isUndirected(a, b) || !follows(a, b)) continue;
        directions[b * size + a] = 0;
        changed = true;
      }
  }
  return directions;
}
