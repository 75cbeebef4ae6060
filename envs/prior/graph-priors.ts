import * as z from 'zod';
import { CausalGraph } from '../../core/causal/graph.js';
import type { RandomStream } from '../../core/random/stream.js';
import { erdosRenyi, preferentialAttachment } from './graph-families.js';

export const GraphPriorConfig = z.strictObject({
  kind: z
    .enum(['erdos-renyi', 'scale-free'])
    .default('erdos-renyi')
    .describe('erdos-renyi: every pair alike; scale-free: Barabasi-Albert, a few variables have many parents'),
  degree: z
    .number()
    .min(0)
    .default(3)
    .describe('expected edges per variable; bounded by what an acyclic graph can hold, (variables - 1) / 2'),
});
export type GraphPriorConfig = z.infer<typeof GraphPriorConfig>;

/** One graph over `size` variables from the prior, under a labelling drawn for it alone. */
export function sampleGraph(prior: GraphPriorConfig, size: number, stream: RandomStream): CausalGraph {
  const newNames = stream.permutation(size);
  const sampleOrdered = prior.kind === 'erdos-renyi' ? sampleErdosRenyi : sampleScaleFree;
  return sampleOrdered(size, prior.degree, stream).relabelled(newNames);
}

/** The probability that a pair of variables is joined, so that d variables have degree * d edges on average. */
export function erdosRenyiEdgeProbability(size: number, degree: number): number {
  return size < 2 ? 0 : Math.min((degree * size) / ((size * (size - 1)) / 2), 0.99);
}

function sampleErdosRenyi(size: number, degree: number, stream: RandomStream): CausalGraph {
  return new CausalGraph(size, erdosRenyi(size, erdosRenyiEdgeProbability(size, degree), stream));
}

/** Edges of a Barabasi-Albert graph where each new variable sends `edgesPerStep` edges, or as many as it has elders. */
export function scaleFreeEdgeCount(size: number, edgesPerStep: number): number {
  const growing = Math.min(edgesPerStep, size - 1);
  return (growing * (growing + 1)) / 2 + edgesPerStep * (size - 1 - growing);
}

/**
 * The m whose graphs have the number of edges closest to degree * d (the smaller m if two are equally close). The first
 * m variables cannot send m edges yet, so m exceeds the degree in small graphs: m = 4 gives d = 10 its 30 edges at
 * degree 3, while d = 30 needs m = 3 (84 edges). A degree that no acyclic graph reaches gives the complete one, m = d - 1.
 */
export function scaleFreeEdgesPerStep(size: number, degree: number): number {
  let best = 0;
  for (let edgesPerStep = 1; edgesPerStep < size; edgesPerStep++) {
    const distance = Math.abs(scaleFreeEdgeCount(size, edgesPerStep) - degree * size);
    if (distance < Math.abs(scaleFreeEdgeCount(size, best) - degree * size)) best = edgesPerStep;
  }
  return best;
}

/** Newcomers point at the elders they choose, who become hubs with many parents. */
function sampleScaleFree(size: number, degree: number, stream: RandomStream): CausalGraph {
  const edgesPerStep = scaleFreeEdgesPerStep(size, degree);
  const eldersOf = preferentialAttachment(size, edgesPerStep, { attractedBy: 'in-degree', stream });
  const adjacency = new Uint8Array(size * size);
  for (let newcomer = 1; newcomer < size; newcomer++)
    for (const elder of eldersOf(newcomer)) adjacency[newcomer * size + elder] = 1;
  return new CausalGraph(size, adjacency);
}
