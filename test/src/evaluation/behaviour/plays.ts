import { CausalGraph } from '../../../../core/causal/graph.js';
import { doIntervention, type Intervention } from '../../../../core/causal/intervention.js';
import type { Play } from '../../../../src/evaluation/behaviour/recorder.js';

/** 0 -> 1, 0 -> 2, 1 -> 2: one edge per variable on average. */
export const CHAIN = CausalGraph.fromEdges(3, [
  [0, 1],
  [0, 2],
  [1, 2],
]);

/** A play of three experiments on the chain; uncertainty falls, returns rise. */
export function play(change: Partial<Play> = {}): Play {
  const interventions: Intervention[] = [
    doIntervention(3, { 0: 2 }),
    doIntervention(3, { 1: -1, 2: 0.5 }),
    doIntervention(3, { 0: -2 }),
  ];
  return {
    system: 0,
    graph: CHAIN,
    interventions,
    uncertainty: [
      [1.5, 1, 0.5],
      [0.5, 1, 0.5],
      [0.25, 0.25, 0.25],
      [0, 0, 0],
    ].map((own) => Float64Array.from(own)),
    returns: [5, 6, 6.5, 8],
    edgeProbabilities: Float32Array.from([0, 0.75, 0.5, 0.25, 0, 1, 0, 0.25, 0]),
    ...change,
  };
}
