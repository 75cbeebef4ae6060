import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import * as z from 'zod';
import { writeFileAtomic } from '../../../core/checkpoint/files.js';
import { CausalPilotError } from '../../../core/errors.js';
import { isRunFolder } from '../../../core/run/run-folder.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { readJson } from '../../evaluation/scores/json-file.js';
import { StageClock } from '../session/stage-clock.js';
import { runQueue } from './run-queue.js';
import type { Trial } from './search-space.js';
import type { CommandOutcome, TrialProcesses } from './trial-process.js';

export const SWEEP_FILE = 'sweep.json';
const OUTCOME_FILE = 'outcome.json';
/** The whole configuration of a job, which all its stages run. */
const EXPERIMENT_FILE = 'experiment.yaml';

/** Everything that decides the results of a sweep; kept in its folder. */
export const SweepPlan = z.strictObject({
  /** Options that name the experiment, as typed: `--preset`, `--config`, `--set`, `--backend`, `--threads`. */
  experiment: z.array(z.string()),
  trials: z.array(z.strictObject({ index: z.int(), values: z.record(z.string(), z.unknown()) })),
  seeds: z.array(z.int()),
  /** Checkpoint of the graph posterior; null where each run trains its own. */
  posterior: z.string().nullable(),
});
export type SweepPlan = z.infer<typeof SweepPlan>;

const JobOutcome = z.strictObject({
  status: z.enum(['finished', 'failed']),
  message: z.string().optional(),
  /** Seconds by stage, all calls together. */
  seconds: z.record(z.string(), z.number()),
});
export type JobOutcome = z.infer<typeof JobOutcome>;

export interface SweepJob {
  readonly trial: Trial;
  readonly seed: number;
  readonly folder: string;
}

/** One job per trial and training seed; every trial gets its first seed before any gets its second. */
export function sweepJobs(plan: SweepPlan, folder: string): SweepJob[] {
  const name = (index: number) => `trial-${String(index + 1).padStart(3, '0')}`;
  return plan.seeds.flatMap((seed) =>
    plan.trials.map((trial) => ({ trial, seed, folder: join(folder, name(trial.index), `seed-${seed}`) })),
  );
}

/**
 * Opens the sweep's folder, or takes it up again.
 *
 * @throws CausalPilotError E_INPUT for an occupied folder without `resume`, E_CONFIG when resuming with another plan.
 */
export function openSweep(folder: string, plan: SweepPlan, resume: boolean): void {
  const path = join(folder, SWEEP_FILE);
  if (!existsSync(path)) {
    if (existsSync(folder) && readdirSync(folder).length > 0)
      throw new CausalPilotError('E_INPUT', `${folder}: the folder holds something else; choose another with --out`);
    writeFileAtomic(path, `${JSON.stringify(plan, null, 2)}\n`);
    return;
  }
  if (!resume)
    throw new CausalPilotError(
      'E_INPUT',
      `${folder}: a sweep is there already; continue it with --resume, or use --out`,
    );
  const stored = SweepPlan.safeParse(readJson(path));
  if (!stored.success || !isDeepStrictEqual(stored.data, JSON.parse(JSON.stringify(plan))))
    throw new CausalPilotError(
      'E_CONFIG',
      `${path}: the sweep was started with other options; resume with the same ones, or start another with --out`,
    );
}

/** How a job ended, or undefined while it has not; jobs that failed are tried again. */
export function finishedOutcome({ folder }: SweepJob): JobOutcome | undefined {
  const path = join(folder, OUTCOME_FILE);
  const outcome = existsSync(path) ? JobOutcome.safeParse(readJson(path)) : undefined;
  return outcome?.success ? outcome.data : undefined;
}

export interface RunSweepOptions {
  readonly jobs: readonly SweepJob[];
  readonly plan: SweepPlan;
  /** What each trial comes to, in their order; the seed is that of the job. */
  readonly configs: readonly ExperimentConfig[];
  readonly processes: TrialProcesses;
  readonly workers: number;
  readonly interrupted: () => boolean;
  readonly onJobEnd: (job: SweepJob, outcome: JobOutcome) => void;
}

/** Runs the jobs that have not finished, several processes at a time. */
export async function runSweep({ jobs, interrupted, workers, ...options }: RunSweepOptions): Promise<void> {
  const open = jobs.filter((job) => finishedOutcome(job)?.status !== 'finished');
  const run = async (job: SweepJob): Promise<void> => {
    const clock = new StageClock(join(job.folder, 'time.json'));
    const outcome = await runStages(job, options, clock);
    if (outcome.status === 'interrupted') return;
    const record = { ...outcome, seconds: { ...clock.seconds } };
    writeFileAtomic(join(job.folder, OUTCOME_FILE), `${JSON.stringify(record, null, 2)}\n`);
    options.onJobEnd(job, record);
  };
  await runQueue(open, { workers, stopped: interrupted, run });
}

/** Posterior if it is the run's own, policy, evaluation; each stage takes up what an earlier call left. */
async function runStages(
  job: SweepJob,
  { plan, configs, processes }: Pick<RunSweepOptions, 'plan' | 'configs' | 'processes'>,
  clock: StageClock,
): Promise<CommandOutcome> {
  const at = (part: string) => join(job.folder, part);
  writeFileAtomic(at(EXPERIMENT_FILE), stringify({ ...configs[job.trial.index], seed: job.seed }));
  const stage = (command: string, part: string, own: readonly string[] = []): Promise<CommandOutcome> => {
    const resume = isRunFolder(at(part)) || (command === 'evaluate' && existsSync(at(part))) ? ['--resume'] : [];
    const args = [command, '--config', at(EXPERIMENT_FILE), ...own, '--out', at(part), ...resume];
    return clock.time(part, () => processes.run(args));
  };
  const posterior = plan.posterior ?? at('posterior');
  if (plan.posterior === null) {
    const outcome = await stage('pretrain', 'posterior');
    if (outcome.status !== 'finished') return outcome;
  }
  const trained = await stage('train', 'policy', ['--posterior', posterior]);
  if (trained.status !== 'finished') return trained;
  return stage('evaluate', 'evaluation', ['--posterior', posterior, '--policy', at('policy')]);
}
