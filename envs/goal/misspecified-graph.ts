import * as z from 'zod';
import { CausalGraph } from '../../core/causal/graph.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';

export const MisspecificationConfig = z.strictObject({
  kind: z.enum(['added', 'removed', 'reversed']).describe('what is wrong with the graph that strategies are told'),
  edges: z.number().int().min(0).default(1).describe('how many edges are wrong'),
});
export type MisspecificationConfig = z.infer<typeof MisspecificationConfig>;

/**
 * A graph that differs from `graph` in `edges` randomly chosen edges and is still acyclic. Where the graph has no room for
 * that many (nothing left to add, remove or reverse), as many as possible are changed.
 */
export function misspecify(graph: CausalGraph, config: MisspecificationConfig, stream: RandomStream): CausalGraph {
  const { size } = graph;
  const adjacency = graph.adjacency.slice();
  const pairs = stream.permutation(size * size);
  let changed = 0;
  for (const pair of pairs) {
    if (changed === config.edges) break;
    const [from, to] = [Math.floor(pair / size), pair % size];
    const reverse = to * size + from;
    if (from === to || (config.kind === 'added') === (graph.adjacency[pair] === 1)) continue;
    if (config.kind === 'added') {
      if (adjacency[reverse] === 1) continue;
      adjacency[pair] = 1;
    } else {
      adjacency[pair] = 0;
      if (config.kind === 'reversed') adjacency[reverse] = 1;
    }
    if (isAcyclic(size, adjacency)) changed++;
    else {
      adjacency[pair] = graph.adjacency[pair]!;
      adjacency[reverse] = graph.adjacency[reverse]!;
    }
  }
  return new CausalGraph(size, adjacency);
}

function isAcyclic(size: number, adjacency: Uint8Array): boolean {
  try {
    new CausalGraph(size, adjacency);
    return true;
  } catch (error) {
    if (error instanceof CausalPilotError) return false;
    throw error;
  }
}
