import type { Command } from 'commander';
import type { DesignPolicy } from '../../../models/policy/design-policy.js';
import { POSTERIOR_OPTION, posteriorSource } from '../session/model-folders.js';
import { addExperimentOptions, defaultFolder, type ExperimentOptions, loadExperiment } from '../session/options.js';
import { MODULE_OPTION } from '../session/own-prior.js';
import { printJson, printLine, trainingIo, withSession } from '../session/session.js';
import { trainAgainst } from '../session/train-against.js';
import { trainingSummary } from '../session/training-summary.js';

interface TrainOptions extends ExperimentOptions {
  readonly posterior?: string;
  readonly policy?: string;
}

export function registerTrain(program: Command): void {
  addExperimentOptions(
    program
      .command('train')
      .description('train the design policy against a graph posterior')
      .option('--posterior <source>', POSTERIOR_OPTION)
      .option('--policy <folder>', 'run or checkpoint of a policy to start from, of whatever systems and sizes')
      .option('--module <file>', MODULE_OPTION)
      .addHelpText(
        'after',
        `
Example:
  causal-pilot train --preset linear-d10 --posterior runs/linear-d10/posterior --set learner.batchSize=256
  causal-pilot train --preset linear-d10-values --posterior exact --policy runs/quickstart/policy
  causal-pilot train --preset linear-d10 --module ./my-environment.js --posterior runs/mine/posterior --out runs/mine/policy`,
      ),
  ).action(train);
}

async function train(options: TrainOptions): Promise<void> {
  const config = await loadExperiment(options, 'train');
  const folder = options.out ?? defaultFolder(options, 'policy');
  const posteriorFolder = await posteriorSource(options, config);
  const result = await withSession(config, async (session) => {
    const start = options.policy === undefined ? undefined : await openStart(options.policy);
    try {
      return await trainAgainst(posteriorFolder, config, { ...trainingIo(folder, options, session), start });
    } finally {
      start?.dispose();
    }
  });
  if (options.json) printJson({ folder, ...result });
  else printLine(trainingSummary('design policy', folder, result));
}

async function openStart(folder: string): Promise<DesignPolicy> {
  const { loadPolicy } = await import('../../../models/checkpoints.js');
  return loadPolicy(folder);
}
