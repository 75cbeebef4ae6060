import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { checkpointFolder } from '../session/model-folders.js';
import {
  addExperimentOptions,
  defaultFolder,
  type ExperimentOptions,
  loadExperiment,
  nameList,
} from '../session/options.js';
import { printEvaluation } from '../session/print-evaluation.js';
import { printJson, printLine, withSession } from '../session/session.js';

interface EvaluateOptions extends ExperimentOptions {
  readonly task: 'structure' | 'target';
  readonly posterior?: string;
  readonly policy?: string;
  readonly strategies?: string[];
  readonly environments?: string[];
  readonly ood?: boolean;
}

export function registerEvaluate(program: Command): void {
  addExperimentOptions(
    program
      .command('evaluate')
      .description('compare strategies on the same held-out systems, in and out of distribution')
      .addOption(
        new Option('--task <name>', 'learn the graph, or reach a target mean (presets civ-*)')
          .choices(['structure', 'target'])
          .default('structure'),
      )
      .option('--posterior <folder>', 'run or checkpoint of the graph posterior (default: runs/<preset>/posterior)')
      .option('--policy <folder>', 'run or checkpoint of the policy (default: runs/<preset>/policy, if it is there)')
      .option(
        '--strategies <names>',
        'comma-separated strategies instead of the policy and those of the config',
        nameList,
      )
      .option('--environments <names>', 'comma-separated settings instead of those of the config', nameList)
      .option('--ood', 'the training distribution and the whole out-of-distribution suite')
      .addHelpText(
        'after',
        `
Example:
  causal-pilot evaluate --preset linear-d10 --ood --set evaluation.systems=100
  causal-pilot evaluate --preset linear-d10 --strategies policy,random,round-robin-full --json
  causal-pilot evaluate --task target --preset civ-figure5 --set runs=5`,
      ),
  ).action(evaluate);
}

async function evaluate(options: EvaluateOptions): Promise<void> {
  if (options.task === 'target') {
    const { evaluateTarget } = await import('./evaluate-target.js');
    return evaluateTarget(options);
  }
  const config = await loadExperiment(options);
  const folder = options.out ?? defaultFolder(options, 'evaluation');
  const posterior = await checkpointFolder(
    options.posterior ?? defaultFolder(options, 'posterior'),
    "train one with 'causal-pilot pretrain' or name it with --posterior",
  );
  const policy = await policyFolder(options);
  const environments = await chosenEnvironments(options, config.environment.prior.kind);
  const outcome = await withSession(config, async ({ interrupt, backend }) => {
    const { runEvaluation } = await import('../../evaluation/structure/run-evaluation.js');
    return runEvaluation({
      config,
      folder,
      posterior,
      backend,
      interrupt,
      resume: options.resume ?? false,
      quiet: options.quiet ?? false,
      ...(policy === undefined ? {} : { policy }),
      ...(options.strategies === undefined ? {} : { strategies: options.strategies }),
      ...(environments === undefined ? {} : { environments }),
    });
  });
  if (outcome.status === 'interrupted') printLine(`evaluation: stopped and saved in ${folder}; continue with --resume`);
  else if (options.json) printJson({ folder, ...outcome.summary });
  else printEvaluation(outcome.summary, outcome.files);
}

/** A policy that was named must be there; the default one may be missing, and then the simple strategies remain. */
async function policyFolder(options: EvaluateOptions): Promise<string | undefined> {
  const byDefault = defaultFolder(options, 'policy');
  if (options.policy === undefined && !existsSync(byDefault)) {
    process.stderr.write(`No policy in ${byDefault}: only strategies without training are evaluated.\n`);
    return undefined;
  }
  const remedy = "train one with 'causal-pilot train' or name it with --policy";
  return checkpointFolder(options.policy ?? byDefault, remedy);
}

async function chosenEnvironments(
  { environments, ood }: EvaluateOptions,
  kind: ExperimentConfig['environment']['prior']['kind'],
): Promise<readonly string[] | undefined> {
  if (!ood) return environments;
  const { settingNames } = await import('../../evaluation/structure/settings.js');
  return [...new Set([...settingNames(kind), ...(environments ?? [])])];
}
