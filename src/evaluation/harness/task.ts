import type { DesignStrategy, TaskKind } from '../strategy.js';

/**
 * A numbered family of test problems ("systems") in one environment setting. System s is the same problem for every
 * strategy: what it draws is named by the evaluation seed and s, never by the strategy.
 */
export interface EvaluationTask {
  readonly kind: TaskKind;
  /** Name of the environment setting, as it appears in results. */
  readonly environment: string;
  /** Names of the figures taken after every round. */
  readonly metrics: readonly string[];
  /** Experiments per system, T; figures are taken at rounds 0..T. */
  readonly rounds: number;
  /** Systems first .. first + count - 1, ready to be put to any number of strategies. */
  prepare(first: number, count: number): TaskBatch;
}

export interface TaskBatch {
  /** Runs a strategy to the end: figures [count, rounds + 1, metrics]; NaN where a figure is undefined. */
  run(strategy: DesignStrategy): Float64Array;
}
