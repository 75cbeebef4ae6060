import type { Command } from 'commander';
import { requireLearned } from '../session/model-folders.js';
import { addExperimentOptions, defaultFolder, type ExperimentOptions, loadExperiment } from '../session/options.js';
import { MODULE_OPTION } from '../session/own-prior.js';
import { printJson, printLine, trainingIo, withSession } from '../session/session.js';
import { trainingSummary } from '../session/training-summary.js';

export function registerPretrain(program: Command): void {
  addExperimentOptions(
    program
      .command('pretrain')
      .description('train the graph posterior on freshly simulated systems')
      .option('--module <file>', MODULE_OPTION)
      .addHelpText(
        'after',
        `
Example:
  causal-pilot pretrain --preset linear-d10 --out runs/linear-d10/posterior
  causal-pilot pretrain --preset linear-d10 --out runs/linear-d10/posterior --resume
  causal-pilot pretrain --preset linear-d10 --module ./my-environment.js --out runs/mine/posterior`,
      ),
  ).action(pretrain);
}

async function pretrain(options: ExperimentOptions): Promise<void> {
  const config = await loadExperiment(options, 'pretrain');
  requireLearned(config);
  const folder = options.out ?? defaultFolder(options, 'posterior');
  const result = await withSession(config, async (session) => {
    const { pretrainPosterior } = await import('../../../training/posterior/pretrain.js');
    return pretrainPosterior(config, trainingIo(folder, options, session));
  });
  if (options.json) printJson({ folder, ...result });
  else printLine(trainingSummary('graph posterior', folder, result));
}
