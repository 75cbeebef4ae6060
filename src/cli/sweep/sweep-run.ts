import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import * as z from 'zod';
import { writeFileAtomic } from '../../../core/checkpoint/files.js';
import { CausalPilotError } from '../../../core/errors.js';
import { isRunFolder } from '../../../core/run/run-folder.js';
import { checkInputs, RunInputs } from '../../../core/run/run-inputs.js';
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

const MACHINE_OPTIONS = ['--backend', '--threads', '--precision'];

/** Everything that decides the results of a sweep; kept in its folder. */
export const SweepPlan = z.strictObject({
  /** Options that name the experiment, as typed: `--preset`, `--config`, `--set`, `--backend`, `--threads`. */
  experiment: z.array(z.string()),
  trials: z.array(z.strictObject({ index: z.int(), values: z.record(z.string(), z.unknown()) })),
  seeds: z.array(z.int()),
  /** Checkpoint of the graph posterior; null where each run trains its own. */
  posterior: z.string().nullable(),
  /** What else decides the results, by hash; empty in sweeps of versions that did not record it. */
  inputs: RunInputs.default({}),
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
 * Opens the sweep's folder, or takes it up again, with more seeds if there are more.
 *
 * @throws CausalPilotError E_INPUT for an occupied folder without `resume`, E_CONFIG when resuming with another plan.
 */
export function openSweep(folder: string, plan: SweepPlan, resume: boolean): void {
  const path = join(folder, SWEEP_FILE);
  if (existsSync(path)) {
    if (!resume)
      throw new CausalPilotError(
        'E_INPUT',
        `${folder}: a sweep is there already; continue it with --resume, or use --out`,
      );
    checkSamePlan(path, plan);
  } else if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new CausalPilotError('E_INPUT', `${folder}: the folder holds something else; choose another with --out`);
  writeFileAtomic(path, `${JSON.stringify(plan, null, 2)}\n`);
}

/** Seeds may be added; everything else must be as it was. */
function checkSamePlan(path: string, plan: SweepPlan): void {
  const stored = SweepPlan.safeParse(readJson(path));
  if (!stored.success)
    throw new CausalPilotError('E_CONFIG', `${path}: not the plan of a sweep, or damaged; start another with --out`);
  const { seeds, inputs, ...before } = stored.data;
  checkInputs(path, inputs, plan.inputs);
  const { seeds: given, inputs: _, ...now } = plan;
  if (!isDeepStrictEqual(withoutMachine(before), withoutMachine(JSON.parse(JSON.stringify(now)))))
    throw new CausalPilotError(
      'E_CONFIG',
      `${path}: the sweep was started with other options; resume with the same ones, or start another with --out`,
    );
  if (!isDeepStrictEqual(given.slice(0, seeds.length), seeds))
    throw new CausalPilotError(
      'E_CONFIG',
      `${path}: the sweep was started with the seeds ${seeds.join(', ')}, not ${given.join(', ')}; resume with those or more of them, or start another with --out`,
    );
}

/** Where and how fast a sweep runs is not part of what it is: backend and threads may be others after a move. */
function withoutMachine({ experiment, posterior: _, ...plan }: Omit<SweepPlan, 'seeds' | 'inputs'>): unknown {
  const isOfMachine = (index: number) => MACHINE_OPTIONS.includes(experiment[index] ?? '');
  return { ...plan, experiment: experiment.filter((_, index) => !isOfMachine(index) && !isOfMachine(index - 1)) };
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
