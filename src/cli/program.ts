import { Command } from 'commander';
import { programVersion } from '../../core/program-version.js';
import { registerBehaviour } from './commands/behaviour.js';
import { registerConfig } from './commands/config.js';
import { registerDoctor } from './commands/doctor.js';
import { registerEnv } from './commands/env.js';
import { registerEvaluate } from './commands/evaluate.js';
import { registerGim } from './commands/gim.js';
import { registerPosterior } from './commands/posterior.js';
import { registerPretrain } from './commands/pretrain.js';
import { registerQuickstart } from './commands/quickstart.js';
import { registerReaders } from './commands/readers.js';
import { registerReport } from './commands/report.js';
import { registerSimulate } from './commands/simulate.js';
import { registerSweep } from './commands/sweep.js';
import { registerTrain } from './commands/train.js';
import { reportError } from './session/report-error.js';

/** The command line; commands load what they need when they run, so that help is quick. */
export function createProgram(): Command {
  const program = new Command('causal-pilot')
    .description('Train, evaluate and deploy policies that choose the next experiment on a causal system.')
    .version(programVersion())
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      `
Example:
  causal-pilot quickstart                          the whole way in minutes
  causal-pilot pretrain --preset linear-d10        graph posterior
  causal-pilot train --preset linear-d10           policy
  causal-pilot evaluate --preset linear-d10 --ood  figures and report`,
    );
  registerQuickstart(program);
  registerPretrain(program);
  registerPosterior(program);
  registerReaders(program);
  registerTrain(program);
  registerEvaluate(program);
  registerBehaviour(program);
  registerSweep(program);
  registerReport(program);
  registerSimulate(program);
  registerGim(program);
  registerEnv(program);
  registerConfig(program);
  registerDoctor(program);
  return program;
}

/** Runs one command line; returns the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    return reportError(error);
  }
}
