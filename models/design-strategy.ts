import type { CausalGraph } from '../core/causal/graph.js';
import type { History } from '../core/causal/history.js';
import type { Intervention, InterventionKind } from '../core/causal/intervention.js';
import type { RandomStream } from '../core/random/stream.js';
import type { DagRegressionPosterior } from './civ/dag-regression-posterior.js';
import type { Goal } from './civ/propose-shift.js';

// Shapes: K systems, d variables.

/** What an experimenter may be after: learn the graph, or find the intervention with a wanted effect. */
export const TASK_KINDS = ['structure', 'goal'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** What a strategy may have to be told beyond the data; one that knows the graph is an oracle where the graph is wanted. */
export type Knowledge = 'graph';

/** Everything that a strategy may look at when it chooses the next experiment of K systems at once. */
export interface DesignContext {
  /**
   * K systems, all at the same step: what was measured, and what was performed for it (targets, kinds and values of every
   * row; see `History`).
   */
  readonly histories: readonly History[];
  /** Experiments done so far, 0 <= step < budget. */
  readonly step: number;
  /** Experiments in all, T. */
  readonly budget: number;
  /** The kind that is asked for. */
  readonly interventionKind: InterventionKind;
  /** Values and shifts lie in [-valueRange, valueRange]. */
  readonly valueRange: number;
  /** [K], the strategy's own randomness for each system at this step. */
  readonly streams: readonly RandomStream[];
  /** [K] of [d], 1 where a variable may be a target; absent where all may. */
  readonly allowedTargets?: readonly Uint8Array[];
  /** [K], present only for strategies whose `knowledge` includes 'graph'. */
  readonly graphs?: readonly CausalGraph[];
}

/** The same where something is wanted of each system. */
export interface GoalContext extends DesignContext {
  /** [K] */
  readonly goals: readonly Goal[];
  /** [K] regressions on the graph as far as it is known; present only for strategies whose `knowledge` includes 'graph'. */
  readonly regressions?: readonly DagRegressionPosterior[];
}

/**
 * The one interface of everything that chooses experiments: trained policies, simple designs, the methods of others. A
 * strategy that reads no more than `DesignContext` serves every task; one that reads `GoalContext` only those with goals.
 */
export interface DesignStrategy<Context extends DesignContext = DesignContext> {
  readonly name: string;
  /** Tasks that the strategy can serve. */
  readonly tasks: readonly TaskKind[];
  /** What it must be told beyond the data. */
  readonly knowledge: readonly Knowledge[];
  /** [K] interventions, one per history, of the context's kind or `none`, on allowed targets. */
  readonly propose: (context: Context) => Intervention[];
}
