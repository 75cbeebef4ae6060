import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { CausalPilotError } from '../../../core/errors.js';
import { InterruptWatcher } from '../../../core/run/interrupt.js';
import type { RunInput } from '../../../core/run/run-inputs.js';
import { isExactPosterior } from '../../../models/posterior/posterior-sources.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { POSTERIOR_OPTION, posteriorSource, requireLearned } from '../session/model-folders.js';
import {
  addExperimentOptions,
  defaultFolder,
  type ExperimentOptions,
  loadExperiment,
  wholeNumber,
} from '../session/options.js';
import { printJson, printLine } from '../session/session.js';
import type { Trial } from '../sweep/search-space.js';
import type { SweepPlan } from '../sweep/sweep-run.js';

interface SweepOptions extends ExperimentOptions {
  readonly vary: readonly string[];
  readonly draws?: number;
  readonly seeds: number;
  readonly processes?: number;
  readonly posterior?: string;
  readonly pretrain?: boolean;
}

export function registerSweep(program: Command): void {
  addExperimentOptions(
    program
      .command('sweep')
      .description('train and evaluate policies over a grid or a random choice of options, with several seeds each')
      .option(
        '-v, --vary <option=values>',
        'an option and its values, [a, b] or { from: 1e-4, to: 1e-2, scale: log }; repeatable',
        (text: string, earlier: string[]) => [...earlier, text],
        [],
      )
      .option('--draws <number>', 'try this many random combinations instead of all', wholeNumber)
      .option('--seeds <number>', 'training seeds for each combination', wholeNumber, 3)
      .option('--processes <number>', 'runs at the same time (default: cores, divided by --threads)', wholeNumber)
      .option('--posterior <source>', POSTERIOR_OPTION)
      .option('--pretrain', 'each run trains a graph posterior of its own')
      .addHelpText(
        'after',
        `
Example:
  causal-pilot sweep --preset quickstart-branched --posterior runs/quickstart/posterior --vary 'policy.head.kind=[single, bernoulli]' --seeds 5
  causal-pilot sweep --preset quickstart-redq --vary 'learner.policyLearningRate={ from: 1e-4, to: 1e-2, scale: log }' --draws 10`,
      ),
  ).action(sweep);
}

async function sweep(options: SweepOptions): Promise<void> {
  const { finishedOutcome, openSweep, runSweep, sweepJobs } = await import('../sweep/sweep-run.js');
  const { TrialProcesses } = await import('../sweep/trial-process.js');
  const folder = options.out ?? defaultFolder(options, 'sweep');
  const { plan, configs } = await makePlan(options);
  openSweep(folder, plan, options.resume ?? false);
  const jobs = sweepJobs(plan, folder);
  const cores = availableParallelism();
  const workers = options.processes ?? Math.max(1, Math.floor(cores / (options.threads ?? 1)));
  // Processes that all took every core would wait for each other.
  const threads = ['--threads', String(Math.max(1, Math.floor(cores / workers)))];
  const shared = options.threads === undefined && hasThreads(configs) ? threads : [];
  const processes = new TrialProcesses(fileURLToPath(new URL('../main.js', import.meta.url)), shared);
  const interrupt = new InterruptWatcher({
    onRequest: (signal) => {
      process.stderr.write(`\n${signal}: the running trials save and stop\n`);
      processes.interrupt();
    },
  });
  let ended = 0;
  try {
    await runSweep({
      jobs,
      plan,
      configs,
      processes,
      workers,
      interrupted: () => interrupt.requested,
      onJobEnd: ({ trial, seed }, { status, message }) => {
        ended++;
        if (options.quiet && status === 'finished') return;
        const reason = message === undefined ? '' : `: ${message}`;
        process.stderr.write(`trial ${trial.index + 1}, seed ${seed}: ${status}${reason} (${ended} in this call)\n`);
      },
    });
  } finally {
    interrupt.dispose();
  }
  await report(options, folder, { jobs, isInterrupted: interrupt.requested });
  const failed = jobs.filter((job) => finishedOutcome(job)?.status === 'failed').length;
  if (failed > 0)
    throw new CausalPilotError('E_STATE', `${failed} of ${jobs.length} runs failed; --resume tries them again`);
}

async function report(
  options: SweepOptions,
  folder: string,
  {
    jobs,
    isInterrupted,
  }: { jobs: Parameters<typeof import('../sweep/sweep-table.js').sweepRows>[0]; isInterrupted: boolean },
): Promise<void> {
  const { writeFileAtomic } = await import('../../../core/checkpoint/files.js');
  const { sweepRows, sweepTable } = await import('../sweep/sweep-table.js');
  const { readLearningPanels } = await import('../sweep/sweep-curves.js');
  const { writeLearningCurves } = await import('../../evaluation/report/files.js');
  const rows = sweepRows(jobs);
  writeFileAtomic(join(folder, 'results.json'), `${JSON.stringify(rows, null, 2)}\n`);
  const panels = readLearningPanels([folder]);
  const curves = panels.length === 0 ? [] : await writeLearningCurves(join(folder, 'curves'), panels);
  if (options.json) printJson({ folder, status: isInterrupted ? 'interrupted' : 'finished', rows, curves });
  else {
    const { renderTable } = await import('../../evaluation/report/table.js');
    if (rows.length > 0) printLine(`${renderTable(sweepTable(rows))}\n`);
    if (curves.length > 0) printLine(`Learning curves: ${curves.join(', ')}`);
    if (isInterrupted) printLine(`sweep: stopped and saved in ${folder}; continue with --resume`);
  }
}

/** Checks everything that can be checked before the first run: options, values of every trial, the posterior. */
async function makePlan(
  options: SweepOptions,
): Promise<{ readonly plan: SweepPlan; readonly configs: readonly ExperimentConfig[] }> {
  const { RandomStream } = await import('../../../core/random/stream.js');
  const { listTrials, parseVariation } = await import('../sweep/search-space.js');
  const { checkTrials } = await import('../sweep/trial-checks.js');
  const base = await loadExperiment(options, 'sweep');
  if (options.vary.length === 0)
    throw new CausalPilotError('E_CONFIG', "nothing varies; name an option and its values: --vary 'option=[a, b]'");
  const stream = new RandomStream(`sweep/${base.seed}`);
  const trials: Trial[] = listTrials(options.vary.map(parseVariation), {
    stream,
    draws: options.draws,
  });
  if (options.pretrain && options.posterior !== undefined)
    throw new CausalPilotError('E_CONFIG', 'give --posterior or --pretrain, not both');
  if (options.pretrain) requireLearned(base);
  const configs = await checkTrials(trials, options);
  const posterior = options.pretrain ? null : await sharedPosterior(options, base);
  const seeds = Array.from({ length: options.seeds }, (_, index) => base.seed + index);
  const { posteriorInput } = await import('../../../models/open-posterior.js');
  const inputs = {
    configurations: configurationsInput(configs),
    ...(posterior === null ? {} : { posterior: posteriorInput(posterior) }),
  };
  return { plan: { experiment: experimentArguments(options), trials, seeds, posterior, inputs }, configs };
}

/** The posterior of all trials, a folder by its whole path, since trials run in processes of their own. */
async function sharedPosterior(options: SweepOptions, config: ExperimentConfig): Promise<string> {
  const source = await posteriorSource(options, config);
  return isExactPosterior(source) ? source : resolve(source);
}

/** What the trials come to: a preset or a file may be another one later, under the same name. */
function configurationsInput(configs: readonly ExperimentConfig[]): RunInput {
  const contents = configs.map(({ backend: _, seed: __, ...content }) => content);
  const identity = createHash('sha256').update(JSON.stringify(contents)).digest('hex');
  return { source: 'set of configurations', identity };
}

function experimentArguments({ preset, config, set, backend, threads, precision }: SweepOptions): string[] {
  return [
    ...(preset === undefined ? [] : ['--preset', preset]),
    ...(config === undefined ? [] : ['--config', resolve(config)]),
    ...set.flatMap((override) => ['--set', override]),
    ...(backend === undefined ? [] : ['--backend', backend]),
    ...(threads === undefined ? [] : ['--threads', String(threads)]),
    ...(precision === undefined ? [] : ['--precision', precision]),
  ];
}

/** Whether all runs take a number of threads. */
function hasThreads(configs: readonly ExperimentConfig[]): boolean {
  return configs.every(({ backend: { name } }) => name === 'auto' || name === 'native');
}
