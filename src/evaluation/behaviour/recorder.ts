import type { CausalGraph } from '../../../core/causal/graph.js';
import { expectedCorrectEntries } from '../../../core/causal/graph-metrics.js';
import { type Intervention, KINDS_WITH_VALUES } from '../../../core/causal/intervention.js';
import type { StructureMoment } from '../structure/structure-task.js';
import { variableUncertainty } from './uncertainty.js';

/** How one strategy played one system of d variables with T experiments. */
export interface Play {
  /** Number of the system. */
  readonly system: number;
  readonly graph: CausalGraph;
  /** [T], as they were asked for. */
  readonly interventions: readonly Intervention[];
  /** [T + 1] of [d]: uncertainty of each variable after so many experiments, nats. */
  readonly uncertainty: readonly Float64Array[];
  /** [T + 1]: expected number of correct adjacency entries after so many experiments. */
  readonly returns: readonly number[];
  /** [d * d], after the last experiment so far. */
  readonly edgeProbabilities: Float32Array;
}

/** Targets of round `round` (1 .. T). */
export function playedTargets({ interventions }: Play, round: number): number[] {
  return [...(interventions[round - 1]?.targets ?? [])].flatMap((flag, variable) => (flag === 1 ? [variable] : []));
}

/** Values of the targets of round `round` (1 .. T), empty for kinds of experiments without values. */
export function playedValues(play: Play, round: number): number[] {
  const intervention = play.interventions[round - 1];
  if (intervention === undefined || !KINDS_WITH_VALUES.has(intervention.kind)) return [];
  return playedTargets(play, round).map((target) => intervention.values?.[target] ?? Number.NaN);
}

interface GrowingPlay extends Play {
  readonly interventions: Intervention[];
  readonly uncertainty: Float64Array[];
  readonly returns: number[];
}

/** Keeps what every strategy does on every system; give `watch` to a `StructureTask`. */
export class BehaviourRecorder {
  readonly #plays = new Map<string, Map<number, GrowingPlay>>();

  readonly watch = ({ strategy, first, round, graphs, edgeProbabilities, interventions }: StructureMoment): void => {
    const own = this.#plays.get(strategy) ?? new Map<number, GrowingPlay>();
    this.#plays.set(strategy, own);
    graphs.forEach((graph, k) => {
      const entries = graph.size * graph.size;
      const probabilities = edgeProbabilities.slice(k * entries, (k + 1) * entries);
      const earlier = round === 0 ? undefined : own.get(first + k);
      const play = { system: first + k, graph, interventions: [], uncertainty: [], returns: [], ...earlier };
      const intervention = interventions[k];
      if (intervention !== undefined) play.interventions.push(intervention);
      play.uncertainty.push(variableUncertainty(probabilities, graph.size));
      play.returns.push(expectedCorrectEntries(probabilities, graph));
      own.set(first + k, { ...play, edgeProbabilities: probabilities });
    });
  };

  /** The plays of one strategy in the order of their systems. */
  plays(strategy: string): readonly Play[] {
    return [...(this.#plays.get(strategy)?.values() ?? [])].sort((a, b) => a.system - b.system);
  }
}
