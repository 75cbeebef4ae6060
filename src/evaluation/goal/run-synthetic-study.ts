import { existsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { GraphPosterior } from '../../../core/causal/graph-posterior.js';
import { CausalPilotError } from '../../../core/errors.js';
import type { DesignStrategy, GoalContext } from '../../../models/design-strategy.js';
import { StrategyScores } from '../scores/scores.js';
import { type EvaluationSummary, summarize } from '../scores/summary.js';
import { createGoalStrategies, needsPolicy, type StrategyResources, withReference } from '../strategies/registry.js';
import type { GoalSettingConfig, SyntheticStudyConfig } from './goal-study-config.js';
import { GoalTask } from './goal-task.js';
import type { GoalJob } from './goal-worker.js';

export interface SyntheticStudyRun extends StrategyResources {
  readonly study: SyntheticStudyConfig;
  /** Given, strategies are not told the graph: its most probable graph given the data is used. */
  readonly graphPosterior?: GraphPosterior;
  /** Asked between systems; true stops the study. */
  readonly interrupted?: () => boolean;
  /** Called with the systems done so far, over all settings and strategies. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Plays every strategy of a study on every instance of every setting. Strategies without a trained network are spread over
 * worker threads; what a system draws is named by the seed, its number and the run, so the threads change nothing.
 *
 * @returns undefined when interrupted.
 * @throws CausalPilotError E_CONFIG for an unknown strategy or a policy that is missing.
 */
export async function runSyntheticStudy(run: SyntheticStudyRun): Promise<EvaluationSummary | undefined> {
  const { study, interrupted = () => false, onProgress } = run;
  const names = withReference(study.strategies, study.reference);
  const strategies = createGoalStrategies(names, run);
  const jobs = study.settings.flatMap((setting) =>
    strategies.flatMap((strategy) =>
      Array.from({ length: study.instances }, (_, system) => ({ study, setting, strategy, system })),
    ),
  );
  const pool = study.workers > 0 && run.graphPosterior === undefined ? createPool(study.workers) : undefined;
  let done = 0;
  const finish = async (job: StudyJob): Promise<Float64Array | undefined> => {
    if (interrupted()) return undefined;
    const { name } = job.strategy;
    const inThread = pool === undefined || needsPolicy(name);
    const figures = inThread ? await playHere(job, run.graphPosterior) : await pool.run({ ...job, strategy: name });
    onProgress?.(++done, jobs.length);
    return figures;
  };
  try {
    const figures = await inOrder(jobs, Math.max(1, 2 * study.workers), finish);
    if (figures.includes(undefined)) return undefined;
    const scores = scoreTables(jobs, figures as Float64Array[]);
    return summarize(scores, {
      bootstrapSamples: study.bootstrapSamples,
      seed: study.seed,
      reference: study.reference,
    });
  } finally {
    await pool?.destroy();
  }
}

/** One strategy on one system of one setting. */
interface StudyJob extends Omit<GoalJob, 'strategy'> {
  readonly strategy: DesignStrategy<GoalContext>;
}

/** Plays in this thread, after letting signals and the terminal have their turn. */
async function playHere(
  { study, setting, strategy, system }: StudyJob,
  graphPosterior: GraphPosterior | undefined,
): Promise<Float64Array> {
  await nextTurn();
  return new GoalTask({ study, setting, graphPosterior }).prepare(system, 1).run(strategy);
}

/** Results in the order of the jobs, with at most `parallel` of them under way. */
async function inOrder<Job, Result>(
  jobs: readonly Job[],
  parallel: number,
  work: (job: Job) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(jobs.length);
  let next = 0;
  const takeTurns = async (): Promise<void> => {
    for (let index = next++; index < jobs.length; index = next++) results[index] = await work(jobs[index]!);
  };
  await Promise.all(Array.from({ length: Math.min(parallel, jobs.length) }, takeTurns));
  return results;
}

function scoreTables(jobs: readonly StudyJob[], figures: readonly Float64Array[]): StrategyScores[] {
  const tables = new Map<string, StrategyScores>();
  for (const [index, { study, setting, strategy }] of jobs.entries()) {
    const key = JSON.stringify([setting.name, strategy.name]);
    const table = tables.get(key) ?? emptyTable(study, setting, strategy.name);
    tables.set(key, table);
    table.append(figures[index]!);
  }
  return [...tables.values()];
}

function emptyTable(study: SyntheticStudyConfig, setting: GoalSettingConfig, strategy: string): StrategyScores {
  const { kind, environment, metrics, rounds } = new GoalTask({ study, setting });
  return new StrategyScores({ task: kind, environment, strategy, metrics, rounds, systems: study.instances });
}

function createPool(workers: number): Piscina<GoalJob, Float64Array> {
  const built = import.meta.url.endsWith('.ts')
    ? '../../../dist/src/evaluation/goal/goal-worker.js'
    : './goal-worker.js';
  const filename = fileURLToPath(new URL(built, import.meta.url));
  if (!existsSync(filename))
    throw new CausalPilotError('E_STATE', `goal study: ${filename} is missing; run 'npm run build', or use 0 workers`);
  return new Piscina({ filename, minThreads: workers, maxThreads: workers });
}
