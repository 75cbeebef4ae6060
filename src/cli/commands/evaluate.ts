import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CausalPilotError } from '../../../core/errors.js';
import { TASK_KINDS, type TaskKind } from '../../../models/design-strategy.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { checkpointFolder, POSTERIOR_OPTION, posteriorSource } from '../session/model-folders.js';
import {
  addExperimentOptions,
  defaultFolder,
  type ExperimentOptions,
  loadExperiment,
  nameList,
  strategyOverrides,
} from '../session/options.js';
import { MODULE_OPTION } from '../session/own-prior.js';
import { printJson, printLine, withSession } from '../session/session.js';

/** Tasks of strategies, and that of foretelling perturbations. */
const TASKS = [...TASK_KINDS, 'perturbation'] as const;

interface EvaluateOptions extends ExperimentOptions {
  readonly task: TaskKind | 'perturbation';
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
        new Option(
          '--task <name>',
          'structure: learn the graph; goal: reach a wanted mean (presets civ-*); perturbation: foretell unseen perturbations',
        )
          .argParser(parseTask)
          .default('structure'),
      )
      .option('--posterior <source>', POSTERIOR_OPTION)
      .option('--policy <folder>', 'run or checkpoint of the policy (default: runs/<preset>/policy, if it is there)')
      .option(
        '--strategies <names>',
        'comma-separated strategies instead of the policy and those of the config',
        nameList,
      )
      .option('--environments <names>', 'comma-separated settings instead of those of the config', nameList)
      .option('--ood', 'the training distribution and the whole out-of-distribution suite')
      .option('--module <file>', MODULE_OPTION)
      .addHelpText(
        'after',
        `
Example:
  causal-pilot evaluate --preset linear-d10 --ood --set evaluation.systems=100
  causal-pilot evaluate --preset linear-d10 --strategies policy,random,round-robin-full --json
  causal-pilot evaluate --task goal --preset civ-figure5 --set runs=5
  causal-pilot evaluate --task perturbation --set systems=2 --set screen.effects=per-target
  causal-pilot evaluate --preset linear-d10 --module ./my-environment.js --posterior runs/mine/posterior --policy runs/mine/policy --out runs/mine/evaluation`,
      ),
  ).action(evaluate);
}

async function evaluate(options: EvaluateOptions): Promise<void> {
  if (options.task === 'goal') {
    refuseForOtherTasks(options);
    const { evaluateGoal } = await import('./evaluate-goal.js');
    return evaluateGoal(options);
  }
  if (options.task === 'perturbation') {
    refuseForOtherTasks(options);
    const { evaluatePerturbation } = await import('./evaluate-perturbation.js');
    return evaluatePerturbation(options);
  }
  const set = [...options.set, ...strategyOverrides(options.strategies, 'evaluation.strategies')];
  const config = await loadExperiment({ ...options, set }, 'evaluate');
  const folder = options.out ?? defaultFolder(options, 'evaluation');
  const posterior = await posteriorSource(options, config);
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
      policy,
      strategies: options.strategies,
      environments,
    });
  });
  if (outcome.status === 'interrupted')
    return printLine(`evaluation: stopped and saved in ${folder}; continue with --resume`);
  if (options.json) return printJson({ folder, ...outcome.summary });
  const { printEvaluation } = await import('../session/print-evaluation.js');
  printEvaluation(outcome.summary, outcome.files);
}

function parseTask(name: string): EvaluateOptions['task'] {
  const task = TASKS.find((known) => known === name);
  if (task !== undefined) return task;
  const renamed = name === 'target' ? "; the task 'target' is called 'goal' now" : '';
  throw new InvalidArgumentError(`choose among ${TASKS.join(', ')}${renamed}.`);
}

/** @throws CausalPilotError E_CONFIG naming an option that only the structure task has. */
function refuseForOtherTasks({ task, ood, environments, resume, module, posterior, policy }: EvaluateOptions): void {
  const given = Object.entries({
    '--ood': ood,
    '--environments': environments,
    '--resume': resume,
    '--module': module,
    ...(task === 'perturbation' ? { '--posterior': posterior, '--policy': policy } : {}),
  }).find(([, value]) => value !== undefined && value !== false);
  if (given !== undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `${given[0]}: the ${task} task does not have this option (its settings are in the study's file); leave it out, or use --task structure`,
    );
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
