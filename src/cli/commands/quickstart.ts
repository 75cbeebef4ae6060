import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import type { EvaluationSummary } from '../../evaluation/scores/summary.js';
import { exactSource, noticeInitialWeights } from '../session/model-folders.js';
import { addExperimentOptions, defaultFolder, type ExperimentOptions, loadExperiment } from '../session/options.js';
import { printJson, printLine, type Session, trainingIo, withSession } from '../session/session.js';
import type { StageClock } from '../session/stage-clock.js';
import { trainAgainst } from '../session/train-against.js';

export function registerQuickstart(program: Command): void {
  addExperimentOptions(
    program
      .command('quickstart')
      .description('train a graph posterior and a policy, then compare the policy with simple strategies')
      .addHelpText(
        'after',
        `
Called again, it continues where it was stopped (--resume is implied).

Example:
  causal-pilot quickstart
  causal-pilot quickstart --preset smoke --out /tmp/smoke`,
      ),
  ).action(quickstart);
}

async function quickstart(options: ExperimentOptions): Promise<void> {
  const chosen = options.preset ?? options.config ?? 'quickstart';
  const experiment = options.config === undefined ? { ...options, preset: chosen } : options;
  const config = await loadExperiment(experiment, 'quickstart');
  const { checkLearner } = await import('../../../training/train-policy.js');
  checkLearner(config);
  const folder = options.out ?? defaultFolder(experiment, '');
  const { StageClock: Clock } = await import('../session/stage-clock.js');
  const clock = new Clock(join(folder, 'time.json'));
  const outcome = await withSession(config, (session) =>
    runStages(config, folder, { session, clock, quiet: options.quiet ?? false }),
  );
  if (outcome === undefined) {
    printLine(`quickstart: stopped and saved in ${folder}; the same command continues`);
    return;
  }
  const { describeHeadline, policyHeadlines } = await import('../../evaluation/report/policy-headlines.js');
  const headlines = policyHeadlines(outcome.summary, config.evaluation.reference);
  if (options.json) printJson({ folder, headlines, seconds: clock.seconds, ...outcome.summary });
  else {
    const { printEvaluation } = await import('../session/print-evaluation.js');
    printEvaluation(outcome.summary, outcome.files);
    for (const headline of headlines) printLine(describeHeadline(headline));
    printLine(clock.describe());
  }
}

interface Stages {
  readonly session: Session;
  readonly clock: StageClock;
  readonly quiet: boolean;
}

interface Outcome {
  readonly summary: EvaluationSummary;
  readonly files: readonly string[];
}

/** Undefined when a stage was interrupted. */
async function runStages(config: ExperimentConfig, folder: string, stages: Stages): Promise<Outcome | undefined> {
  const { session, clock, quiet } = stages;
  const { isRunFolder } = await import('../../../core/run/run-folder.js');
  const io = (part: string) => {
    const own = join(folder, part);
    return trainingIo(own, { resume: isRunFolder(own), quiet }, session);
  };
  const posterior =
    exactSource(config) ??
    (await clock.time('graph posterior', async () => {
      const { pretrainPosterior } = await import('../../../training/posterior/pretrain.js');
      const trained = await pretrainPosterior(config, io('posterior'));
      return trained.status === 'interrupted' ? undefined : trained.bestCheckpoint;
    }));
  if (posterior === undefined) return undefined;
  const policyRun = await clock.time('policy', () => trainAgainst(posterior, config, io('policy')));
  if (policyRun.status === 'interrupted') return undefined;
  if (!policyRun.changed.best) await noticeInitialWeights(policyRun.bestCheckpoint);
  const evaluation = await clock.time('evaluation', async () => {
    const { runEvaluation } = await import('../../evaluation/structure/run-evaluation.js');
    return runEvaluation({
      ...io('evaluation'),
      config,
      resume: existsSync(join(folder, 'evaluation')),
      posterior,
      policy: policyRun.bestCheckpoint,
    });
  });
  return evaluation.status === 'interrupted' ? undefined : evaluation;
}
