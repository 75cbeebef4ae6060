import type { CausalGraph } from '../../core/causal/graph.js';
import type { History } from '../../core/causal/history.js';
import type { Intervention, InterventionKind } from '../../core/causal/intervention.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { TargetState } from '../../models/civ/propose-shift.js';

/** What an experimenter may be after: learn the graph, reach a target mean, predict unseen perturbations. */
export type TaskKind = 'structure' | 'target' | 'perturbation';

/** Everything a strategy may look at when it chooses the next experiment of K systems at once. */
export interface DesignContext {
  /** K systems, all at the same step. */
  readonly histories: readonly History[];
  /** Experiments done so far, 0 <= step < budget. */
  readonly step: number;
  /** Experiments in all, T. */
  readonly budget: number;
  readonly interventionKind: InterventionKind;
  /** Values and shifts lie in [-valueRange, valueRange]. */
  readonly valueRange: number;
  /** [K], the strategy's own randomness for each system at this step. */
  readonly streams: readonly RandomStream[];
  /** [K], present only for strategies whose `knowledge` includes 'graph'. */
  readonly graphs?: readonly CausalGraph[];
  /** [K], present only in the `target` task: what is wanted of each system and what is known about it. */
  readonly goals?: readonly TargetState[];
}

/** The one interface of everything that chooses experiments: trained policies, baselines, the methods of others. */
export interface DesignStrategy {
  readonly name: string;
  /** Tasks that the strategy can serve. */
  readonly tasks: readonly TaskKind[];
  /** What it must be told beyond the data; a strategy that knows the graph is an oracle, not a competitor. */
  readonly knowledge: readonly 'graph'[];
  /** [K] interventions, one per history, of the context's kind (or `none`). */
  propose(context: DesignContext): Intervention[];
}
