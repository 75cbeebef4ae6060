import { existsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { GraphPosterior } from '../../../core/causal/graph-posterior.js';
import { CausalPilotError } from '../../../core/errors.js';
import { StrategyScores } from '../scores/scores.js';
import { type EvaluationSummary, summarize } from '../scores/summary.js';
import type { StrategyResources } from '../strategies/registry.js';
import type { DesignStrategy } from '../strategy.js';
import { SHIFT_STRATEGY_NAMES } from './shift-strategies.js';
import { strategyByName, studyStrategies } from './study-strategies.js';
import type { SyntheticStudyConfig, TargetSettingConfig } from './target-study-config.js';
import { TargetTask } from './target-task.js';
import play, { type TargetJob } from './target-worker.js';

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
  const names = studyStrategies(study);
  const strategies = new Map(names.map((name) => [name, strategyByName(name, run)]));
  const jobs = study.settings.flatMap((setting) =>
    names.flatMap((strategy) =>
      Array.from({ length: study.instances }, (_, system): TargetJob => ({ study, setting, strategy, system })),
    ),
  );
  const pool = study.workers > 0 && run.graphPosterior === undefined ? createPool(study.workers) : undefined;
  let done = 0;
  const finish = async (job: TargetJob): Promise<Float64Array | undefined> => {
    if (interrupted()) return undefined;
    const inThread = pool === undefined || !SHIFT_STRATEGY_NAMES.includes(job.strategy);
    const figures = inThread ? await playHere(job, run, strategies.get(job.strategy)!) : await pool.run(job);
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

/** Plays in this thread, after letting signals and the terminal have their turn. */
async function playHere(job: TargetJob, run: SyntheticStudyRun, strategy: DesignStrategy): Promise<Float64Array> {
  await nextTurn();
  if (run.graphPosterior === undefined && SHIFT_STRATEGY_NAMES.includes(job.strategy)) return play(job);
  const { study, setting } = job;
  const { graphPosterior } = run;
  const task = new TargetTask({ study, setting, ...(graphPosterior === undefined ? {} : { graphPosterior }) });
  return task.prepare(job.system, 1).run(strategy);
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

function scoreTables(jobs: readonly TargetJob[], figures: readonly Float64Array[]): StrategyScores[] {
  const tables = new Map<string, StrategyScores>();
  for (const [index, { study, setting, strategy }] of jobs.entries()) {
    const key = JSON.stringify([setting.name, strategy]);
    const table = tables.get(key) ?? emptyTable(study, setting, strategy);
    tables.set(key, table);
    table.append(figures[index]!);
  }
  return [...tables.values()];
}

function emptyTable(study: SyntheticStudyConfig, setting: TargetSettingConfig, strategy: string): StrategyScores {
  const { kind, environment, metrics, rounds } = new TargetTask({ study, setting });
  return new StrategyScores({ task: kind, environment, strategy, metrics, rounds, systems: study.instances });
}

function createPool(workers: number): Piscina<TargetJob, Float64Array> {
  const built = import.meta.url.endsWith('.ts')
    ? '../../../dist/src/evaluation/target/target-worker.js'
    : './target-worker.js';
  const filename = fileURLToPath(new URL(built, import.meta.url));
  if (!existsSync(filename))
    throw new CausalPilotError(
      'E_STATE',
      `target study: ${filename} is missing; run 'npm run build', or use 0 workers`,
    );
  return new Piscina({ filename, minThreads: workers, maxThreads: workers });
}
