import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { writeFileAtomic } from '../../../core/checkpoint/files.js';
import { readCheckpointManifest } from '../../../core/checkpoint/manifest.js';
import { programVersion } from '../../../core/program-version.js';
import type { InterruptWatcher } from '../../../core/run/interrupt.js';
import { createProgress } from '../../../core/run/progress.js';
import type { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { priorModuleInputs } from '../../../envs/design/module-prior.js';
import { loadPolicy } from '../../../models/checkpoints.js';
import { openPosterior, posteriorInput } from '../../../models/open-posterior.js';
import { exactPosteriorFor, whyNotExact } from '../../../models/posterior/exact/environment-posterior.js';
import { EXACT_POSTERIOR_NAMES, isExactPosterior } from '../../../models/posterior/posterior-sources.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { evaluateStrategies } from '../harness/harness.js';
import { DIFFERENCES_FILE, RESULTS_FILE, readFigures, writeFigures, writeReport } from '../report/files.js';
import { readJson } from '../scores/json-file.js';
import { readScores, writeScores } from '../scores/scores-file.js';
import { type EvaluationSummary, summarize } from '../scores/summary.js';
import { openPlans } from '../strategies/open-plans.js';
import {
  BEST_FIXED,
  createStrategies,
  needsPolicy,
  plansWith,
  strategyNames,
  withReference,
} from '../strategies/registry.js';
import { evaluationSettings } from './settings.js';
import { type LimitReader, StructureTask } from './structure-task.js';

export interface EvaluationRun {
  readonly config: ExperimentConfig;
  /** Folder for results and report. */
  readonly folder: string;
  /** What `openPosterior` takes: the checkpoint folder of the graph posterior, or the name of an exact one. */
  readonly posterior: string;
  /** Checkpoint folder of the policy; without one only simple strategies are evaluated. */
  readonly policy?: string;
  /** Strategies to evaluate. @defaultValue the policy in both modes, then those of the config */
  readonly strategies?: readonly string[];
  /** Named settings. @defaultValue those of the config */
  readonly environments?: readonly string[];
  /** The tensor backend in use, for the record. */
  readonly backend: string;
  /** Take up an interrupted evaluation, and do not repeat a finished one. */
  readonly resume: boolean;
  readonly interrupt: Pick<InterruptWatcher, 'requested'>;
  readonly quiet?: boolean;
}

export type EvaluationOutcome =
  | { readonly status: 'interrupted' }
  | { readonly status: 'finished'; readonly summary: EvaluationSummary; readonly files: readonly string[] };

const PARTIAL_FILE = 'partial-scores.json';
const RECORD_FILE = 'evaluation.json';
const EvaluationRecord = z.looseObject({ fingerprint: z.string(), files: z.array(z.string()) });

/**
 * Evaluates trained and simple strategies on the structure task and leaves figures and report in a folder.
 *
 * @throws CausalPilotError E_CONFIG for unknown strategies or settings, E_CHECKPOINT for models that cannot be loaded.
 */
export async function runEvaluation(run: EvaluationRun): Promise<EvaluationOutcome> {
  const plan = planEvaluation(run);
  const finished = run.resume ? readFinished(run.folder, plan.fingerprint) : undefined;
  if (finished !== undefined) return finished;
  const policy = await loadNeededPolicy(run, plan.strategies);
  try {
    const { status, scores } = await playAll(run, plan, policy);
    const partial = join(run.folder, PARTIAL_FILE);
    if (status === 'interrupted') {
      writeScores(partial, plan.fingerprint, scores);
      return { status };
    }
    const { bootstrapSamples, seed, reference } = run.config.evaluation;
    const summary = summarize(scores, { bootstrapSamples, seed, reference });
    const title = `Evaluation on ${run.config.evaluation.systems} held-out systems`;
    const files = [...writeFigures(run.folder, summary), ...(await writeReport(run.folder, summary, title))];
    writeRecord(run, plan, files);
    rmSync(partial, { force: true });
    return { status, summary, files };
  } finally {
    policy?.dispose();
  }
}

interface EvaluationPlan {
  readonly strategies: readonly string[];
  readonly environments: readonly string[];
  /** Equal for two evaluations that must give equal figures. */
  readonly fingerprint: string;
}

function planEvaluation({ config, posterior, policy, backend, ...run }: EvaluationRun): EvaluationPlan {
  const { evaluation, environment } = config;
  const trained = policy === undefined ? [] : strategyNames('structure').filter(needsPolicy);
  const strategies = withReference(run.strategies ?? [...trained, ...evaluation.strategies], evaluation.reference);
  const environments = run.environments ?? evaluation.environments;
  const { batchSize: _, ...figures } = evaluation;
  const identity = {
    version: programVersion(),
    backend,
    evaluation: { ...figures, strategies, environments },
    settings: evaluationSettings(environment, environments),
    module: priorModuleInputs(environment.prior).module?.identity,
    // Planners plan with the prior of the training environment, whatever setting they play.
    planning: strategies.some((name) => plansWith(name) !== undefined) ? environment : null,
    sequence: strategies.includes(BEST_FIXED) ? config.seed : null,
    posterior: posteriorInput(posterior).identity,
    policy: policy === undefined ? null : readCheckpointManifest(policy).manifestSha256,
  };
  const fingerprint = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  return { strategies, environments, fingerprint };
}

async function loadNeededPolicy({ policy }: EvaluationRun, strategies: readonly string[]) {
  return policy !== undefined && strategies.some(needsPolicy) ? loadPolicy(policy) : undefined;
}

/** The largest systems that are judged by exact posteriors too: a millisecond a history. */
const MOST_VARIABLES_OF_LIMITS = 10;

/** The posteriors that show the limit in an environment: all that are exact there and cheap. */
async function limitReaders(
  { config, posterior }: EvaluationRun,
  environment: DesignEnvConfig,
): Promise<LimitReader[]> {
  if (config.evaluation.limits === 'none' || environment.prior.variables > MOST_VARIABLES_OF_LIMITS) return [];
  const names = EXACT_POSTERIOR_NAMES.filter(
    (name) => name !== posterior && whyNotExact(name, environment) === undefined,
  );
  return Promise.all(names.map(async (name) => ({ name, posterior: await exactPosteriorFor(name, environment) })));
}

async function playAll(
  run: EvaluationRun,
  { strategies: names, environments, fingerprint }: EvaluationPlan,
  policy: Awaited<ReturnType<typeof loadPolicy>> | undefined,
): ReturnType<typeof evaluateStrategies> {
  const { config, folder, resume, interrupt, quiet = false } = run;
  const { systems, batchSize, seed } = config.evaluation;
  const strategies = createStrategies(names, { policy, ...(await openPlans(config, names)) });
  const settings = evaluationSettings(config.environment, environments);
  // A trained posterior is the same in every setting; an exact one takes each setting's prior.
  const chosen = isExactPosterior(run.posterior) ? settings : settings.slice(0, 1);
  const opened = await Promise.all(chosen.map((setting) => openPosterior(run.posterior, setting.config)));
  const tasks = await Promise.all(
    settings.map(async ({ name, config: environment }, index) => {
      const { posterior } = opened[Math.min(index, opened.length - 1)]!;
      const limits = await limitReaders(run, environment);
      return new StructureTask({ environment: name, config: environment, posterior, seed, limits });
    }),
  );
  const earlier = resume ? readScores(join(folder, PARTIAL_FILE), fingerprint) : undefined;
  const total = tasks.length * strategies.length * systems;
  const start = earlier?.reduce((sum, { completed }) => sum + completed, 0) ?? 0;
  const progress = createProgress({ label: 'evaluation', total, start, quiet });
  try {
    return await evaluateStrategies(tasks, strategies, {
      systems,
      batchSize,
      interrupted: () => interrupt.requested,
      onProgress: (done) => progress.update(done),
      resume: earlier,
    });
  } finally {
    progress.finish();
    for (const { dispose } of opened) dispose();
  }
}

function writeRecord(run: EvaluationRun, plan: EvaluationPlan, files: readonly string[]): void {
  const record = {
    fingerprint: plan.fingerprint,
    version: programVersion(),
    node: process.version,
    backend: run.backend,
    posterior: run.posterior,
    policy: run.policy ?? null,
    module: priorModuleInputs(run.config.environment.prior).module,
    strategies: plan.strategies,
    settings: evaluationSettings(run.config.environment, plan.environments),
    evaluation: run.config.evaluation,
    files: files.map((file) => basename(file)),
  };
  writeFileAtomic(join(run.folder, RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

/** The results of the same evaluation, if the folder holds them. */
function readFinished(folder: string, fingerprint: string): EvaluationOutcome | undefined {
  const path = join(folder, RECORD_FILE);
  if (!existsSync(path)) return undefined;
  const record = EvaluationRecord.safeParse(readJson(path));
  if (!record.success || record.data.fingerprint !== fingerprint) return undefined;
  const files = record.data.files.map((file) => join(folder, file));
  if (!files.every((file) => existsSync(file))) return undefined;
  const summary = readFigures(join(folder, RESULTS_FILE), join(folder, DIFFERENCES_FILE));
  return { status: 'finished', summary, files };
}
