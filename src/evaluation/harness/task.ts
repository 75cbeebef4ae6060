import type { DesignContext, DesignStrategy, TaskKind } from '../../../models/design-strategy.js';

/**
 * A numbered family of test problems ("systems") in one environment setting. System s is the same problem for every
 * strategy: what it draws is named by the evaluation seed and s, never by the strategy.
 */
export interface EvaluationTask<Context extends DesignContext = DesignContext> {
  readonly kind: TaskKind;
  /** Name of the environment setting, as it appears in results. */
  readonly environment: string;
  /** Names of the figures taken after every round. */
  readonly metrics: readonly string[];
  /** Experiments per system, T; figures are taken at rounds 0..T. */
  readonly rounds: number;
  /** Systems first .. first + count - 1, ready to be put to any number of strategies. */
  prepare(first: number, count: number): TaskBatch<Context>;
}

export interface TaskBatch<Context extends DesignContext = DesignContext> {
  /** Runs a strategy to the end: figures [count, rounds + 1, metrics]; NaN where a figure is undefined. */
  readonly run: (strategy: DesignStrategy<Context>) => Float64Array;
}
