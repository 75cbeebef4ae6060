import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hasCheckpoint, readCheckpointManifest } from '../../../core/checkpoint/manifest.js';
import { CausalPilotError } from '../../../core/errors.js';
import { readMetrics, readRunConfig } from '../../../core/run/run-folder.js';
import { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { RESULTS_FILE, readFigures } from '../../evaluation/report/files.js';
import { averageRuns, type ValidationPoint } from '../../evaluation/report/learning-curve.js';
import type { LearningPanel } from '../../evaluation/report/learning-curves.js';
import { estimateOverSeeds, type SeedEstimate } from '../../evaluation/report/seed-interval.js';
import { readJson } from '../../evaluation/scores/json-file.js';
import type { ResultRow } from '../../evaluation/scores/summary.js';
import { SIMPLE_STRATEGY_NAMES } from '../../evaluation/strategies/registry.js';
import { IN_DISTRIBUTION } from '../../evaluation/structure/settings.js';
import { curveLabels } from './curve-labels.js';
import { panelTitles } from './panel-titles.js';
import type { Trial } from './search-space.js';
import { finishedOutcome, SWEEP_FILE, SweepPlan, sweepJobs } from './sweep-run.js';

const METRIC = 'return';

/** The finished runs of one configuration. */
interface TrialRuns {
  readonly sweep: string;
  readonly plan: SweepPlan;
  readonly trial: Trial;
  /** Of its first run; the others differ in their seed. */
  readonly config: ExperimentConfig;
  readonly curves: readonly (readonly ValidationPoint[])[];
  /** Returns after the last experiment on the systems of the evaluation, for each run. */
  readonly returns: readonly ReadonlyMap<string, number>[];
}

/**
 * What the finished runs of some sweeps have learned by when: one panel per environment and graph posterior, since
 * returns under different ones cannot be compared, and a curve per configuration. Without `heldOut/return` or
 * `time/processorMinutes` in its metrics a configuration has no curve.
 *
 * @throws CausalPilotError E_INPUT if a folder holds no sweep, or a damaged one.
 */
export function readLearningPanels(folders: readonly string[]): LearningPanel[] {
  const trials = folders.flatMap(readTrials).filter(({ curves }) => curves.some((curve) => curve.length > 0));
  const byPanel = new Map<string, TrialRuns[]>();
  for (const trial of trials) {
    const key = JSON.stringify([comparableEnvironment(trial), comparablePosterior(trial.plan)]);
    byPanel.set(key, [...(byPanel.get(key) ?? []), trial]);
  }
  const panels = [...byPanel.values()];
  const titles = panelTitles(
    panels.flatMap(([first]) =>
      first === undefined
        ? []
        : [{ environment: comparableEnvironment(first), posterior: posteriorName(first.plan.posterior) }],
    ),
  );
  return panels.map((own, index) => ({ title: titles[index] ?? '', ...panelOf(own) }));
}

function panelOf(trials: readonly TrialRuns[]): Omit<LearningPanel, 'title'> {
  const labels = curveLabels(
    trials.map(({ sweep, plan, trial, config }) => ({
      folder: sweep,
      experiment: plan.experiment,
      values: trial.values,
      config,
    })),
  );
  const runs = trials.flatMap(({ returns }) => returns);
  return {
    curves: trials.map(({ sweep, trial, config, curves, returns }, index) => ({
      label: labels[index] ?? '',
      sweep,
      trial: trial.index + 1,
      points: averageRuns(curves),
      evaluated: estimateIfAny(returns.flatMap((figures) => figures.get(judgedStrategy(config)) ?? [])),
    })),
    lines: SIMPLE_STRATEGY_NAMES.flatMap((strategy) => {
      const values = runs.flatMap((figures) => figures.get(strategy) ?? []);
      if (values.length === 0) return [];
      return [{ strategy, mean: values.reduce((sum, value) => sum + value, 0) / values.length }];
    }),
  };
}

function estimateIfAny(values: readonly number[]): SeedEstimate | null {
  return values.length === 0 ? null : estimateOverSeeds(values);
}

function readTrials(folder: string): TrialRuns[] {
  const plan = readPlan(folder);
  const finished = sweepJobs(plan, folder).filter((job) => finishedOutcome(job)?.status === 'finished');
  return plan.trials.flatMap((trial) => {
    const runs = finished.filter((job) => job.trial.index === trial.index).map((job) => job.folder);
    if (runs[0] === undefined) return [];
    return [
      {
        sweep: folder,
        plan,
        trial,
        config: readRunConfig(join(runs[0], 'policy'), ExperimentConfig),
        curves: runs.map((run) => validations(join(run, 'policy'))),
        returns: runs.map((run) => finalReturns(join(run, 'evaluation', RESULTS_FILE))),
      },
    ];
  });
}

function readPlan(folder: string): SweepPlan {
  const path = join(folder, SWEEP_FILE);
  if (!existsSync(path))
    throw new CausalPilotError(
      'E_INPUT',
      `${folder}: there is no sweep here (no ${SWEEP_FILE}); name the folder of a 'causal-pilot sweep'`,
    );
  const plan = SweepPlan.safeParse(readJson(path));
  if (!plan.success)
    throw new CausalPilotError('E_INPUT', `${path}: not the plan of a sweep, or damaged; run the sweep again`);
  return plan.data;
}

function validations(run: string): ValidationPoint[] {
  return readMetrics(run).flatMap((line) => {
    const { step, [`heldOut/${METRIC}`]: value, 'time/processorMinutes': minutes } = line;
    return value === undefined || minutes === undefined ? [] : [{ step, minutes, value }];
  });
}

function finalReturns(path: string): Map<string, number> {
  const own = readFigures(path).results.filter((row) => row.environment === IN_DISTRIBUTION && row.metric === METRIC);
  const last = own.reduce((most, { round }) => Math.max(most, round), 0);
  const isKnown = (row: ResultRow): row is ResultRow & { mean: number } => row.round === last && row.mean !== null;
  return new Map(own.filter(isKnown).map(({ strategy, mean }) => [strategy, mean]));
}

/** The policy as it was validated. */
function judgedStrategy({ learner }: ExperimentConfig): string {
  return learner.validation.mode === 'stochastic' ? 'policy' : 'policy-deterministic';
}

/** Whatever a policy is rewarded with, it is judged by the same return. */
function comparableEnvironment({ config }: TrialRuns): Omit<ExperimentConfig['environment'], 'reward'> {
  const { reward: _, ...environment } = config.environment;
  return environment;
}

/** Null where each run trained its own; the path where its folder is gone. */
function comparablePosterior({ posterior }: SweepPlan): string | null {
  return posterior !== null && hasCheckpoint(posterior) ? readCheckpointManifest(posterior).manifestSha256 : posterior;
}

/** The run of a posterior, with the folder it lies in: `quickstart/posterior`. */
function posteriorName(posterior: string | null): string {
  if (posterior === null) return 'one for each run';
  const run = posterior.replace(/[\\/]checkpoints[\\/][^\\/]+[\\/]?$/, '');
  return `${basename(dirname(run))}/${basename(run)}`;
}
