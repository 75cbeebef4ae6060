import { setImmediate as nextTurn } from 'node:timers/promises';
import { CausalPilotError } from '../../../core/errors.js';
import type { DesignContext, DesignStrategy } from '../../../models/design-strategy.js';
import { StrategyScores } from '../scores/scores.js';
import type { EvaluationTask, TaskBatch } from './task.js';

export interface HarnessOptions {
  /** Systems per task. */
  readonly systems: number;
  /** Systems played at the same time. @defaultValue 100 */
  readonly batchSize?: number;
  /** Asked after every strategy and batch; true stops the evaluation. */
  readonly interrupted?: () => boolean;
  /** Called after every strategy and batch with the systems done so far, over all tasks and strategies. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Scores of an interrupted evaluation of the same tasks and strategies; they are completed in place. */
  readonly resume?: readonly StrategyScores[];
}

export interface HarnessResult {
  readonly status: 'finished' | 'interrupted';
  /** One table per task and strategy, tasks outermost. */
  readonly scores: readonly StrategyScores[];
}

/**
 * Puts every strategy to every task on identical systems. Memory holds the figures only; systems are made batch by
 * batch and forgotten. Which strategies are evaluated together does not change anyone's figures.
 *
 * @throws CausalPilotError E_CONFIG if a strategy does not serve a task or `systems` is not a positive integer.
 */
export async function evaluateStrategies<Context extends DesignContext>(
  tasks: readonly EvaluationTask<Context>[],
  strategies: readonly DesignStrategy<Context>[],
  options: HarnessOptions,
): Promise<HarnessResult> {
  checkOptions(tasks, strategies, options);
  const { systems, batchSize = 100, interrupted = () => false, onProgress } = options;
  const scores = tasks.map((task) => strategies.map((strategy) => scoresFor(task, strategy, options)));
  const total = tasks.length * strategies.length * systems;
  let done = scores.flat().reduce((sum, { completed }) => sum + completed, 0);
  for (const [taskIndex, task] of tasks.entries()) {
    for (let first = 0; first < systems; first += batchSize) {
      const count = Math.min(batchSize, systems - first);
      let batch: TaskBatch<Context> | undefined;
      for (const [strategyIndex, strategy] of strategies.entries()) {
        const table = scores[taskIndex]![strategyIndex]!;
        if (table.completed >= first + count) continue;
        if (interrupted()) return { status: 'interrupted', scores: scores.flat() };
        batch ??= task.prepare(first, count);
        table.append(batch.run(strategy), first);
        done += count;
        onProgress?.(done, total);
        // Lets signal handlers and the terminal have their turn.
        await nextTurn();
      }
    }
  }
  return { status: 'finished', scores: scores.flat() };
}

function checkOptions<Context extends DesignContext>(
  tasks: readonly EvaluationTask<Context>[],
  strategies: readonly DesignStrategy<Context>[],
  { systems, batchSize = 100 }: HarnessOptions,
): void {
  for (const [name, value] of Object.entries({ systems, batchSize }))
    if (!Number.isInteger(value) || value < 1)
      throw new CausalPilotError('E_CONFIG', `evaluation.${name}: must be a positive integer, got ${value}`);
  for (const task of tasks)
    for (const strategy of strategies)
      if (!strategy.tasks.includes(task.kind))
        throw new CausalPilotError(
          'E_CONFIG',
          `evaluation.strategies: '${strategy.name}' does not serve the task '${task.kind}' (it serves ${strategy.tasks.join(', ')})`,
        );
}

function scoresFor(
  task: Pick<EvaluationTask, 'kind' | 'environment' | 'metrics' | 'rounds'>,
  strategy: Pick<DesignStrategy, 'name'>,
  options: HarnessOptions,
): StrategyScores {
  const { kind, environment, metrics, rounds } = task;
  const key = { task: kind, environment, strategy: strategy.name, metrics, rounds, systems: options.systems };
  const wanted = JSON.stringify(key);
  return options.resume?.find((scores) => JSON.stringify(scores.key) === wanted) ?? new StrategyScores(key);
}
