import { CausalPilotError } from '../../../core/errors.js';
import type { TaskKind } from '../../../models/design-strategy.js';

/** Which figures a score table holds; two tables with equal keys belong to the same evaluation. */
export interface ScoreKey {
  readonly task: TaskKind;
  readonly environment: string;
  readonly strategy: string;
  readonly metrics: readonly string[];
  /** Experiments per system, T. */
  readonly rounds: number;
  readonly systems: number;
}

/** One strategy's figures on every system of one task; filled from the first system on. */
export class StrategyScores {
  /** [systems, rounds + 1, metrics]; NaN where undefined or not filled yet. */
  readonly values: Float64Array;
  #completed = 0;

  constructor(readonly key: ScoreKey) {
    this.values = new Float64Array(key.systems * this.#perSystem).fill(Number.NaN);
  }

  /** Systems 0 .. completed - 1 are filled. */
  get completed(): number {
    return this.#completed;
  }

  /** View of the filled part of `values`. */
  get filled(): Float64Array {
    return this.values.subarray(0, this.#completed * this.#perSystem);
  }

  /** Adds the figures [count, rounds + 1, metrics] of systems first .. first + count - 1, first <= completed. */
  append(figures: Float64Array, first = this.completed): void {
    const perSystem = this.#perSystem;
    const last = first + figures.length / perSystem;
    if (!Number.isInteger(last) || first > this.#completed || last > this.key.systems)
      throw new CausalPilotError(
        'E_SHAPE',
        `StrategyScores.append: figures must be [count, ${this.key.rounds + 1}, ${this.key.metrics.length}] within ${this.key.systems} systems and leave no gap, got ${figures.length} numbers from system ${first} on with ${this.completed} done`,
      );
    this.values.set(figures, first * perSystem);
    this.#completed = Math.max(this.#completed, last);
  }

  /** [completed]: one metric at one round, for every finished system. */
  column(metric: string, round: number): Float64Array {
    const { metrics, rounds } = this.key;
    const position = metrics.indexOf(metric);
    if (position < 0 || !Number.isInteger(round) || round < 0 || round > rounds)
      throw new CausalPilotError('E_INPUT', `StrategyScores.column: no metric '${metric}' at round ${round}`);
    const perSystem = this.#perSystem;
    return Float64Array.from(
      { length: this.completed },
      (_, system) => this.values[system * perSystem + round * metrics.length + position]!,
    );
  }

  get #perSystem(): number {
    return (this.key.rounds + 1) * this.key.metrics.length;
  }
}
