import { type Command, Option } from 'commander';
import type { DecisionMode } from '../../../models/policy/design-policy.js';
import { checkpointFolder, POSTERIOR_OPTION, posteriorSource } from '../session/model-folders.js';
import {
  addConfigOptions,
  addRunOptions,
  defaultFolder,
  type ExperimentOptions,
  loadExperiment,
  wholeNumber,
} from '../session/options.js';
import { printJson, printLine, withSession } from '../session/session.js';

interface BehaviourOptions extends ExperimentOptions {
  readonly posterior?: string;
  readonly policy?: string;
  readonly systems?: number;
  readonly examples: number;
  readonly mode: DecisionMode;
}

export function registerBehaviour(program: Command): void {
  addRunOptions(
    addConfigOptions(
      program
        .command('behaviour')
        .description(
          'what a trained policy does: targets and values against graph and uncertainty, beside simple designs',
        )
        .option('--posterior <source>', POSTERIOR_OPTION)
        .option('--policy <folder>', 'run or checkpoint of the policy (default: runs/<preset>/policy)')
        .option('--systems <number>', 'held-out systems (default: evaluation.systems)', wholeNumber)
        .option('--examples <number>', 'of them, systems shown one by one', wholeNumber, 3)
        .addOption(
          new Option('--mode <name>', 'the policy samples its action or takes its most probable one')
            .choices(['stochastic', 'deterministic'])
            .default('stochastic'),
        )
        .addHelpText(
          'after',
          `
Example:
  causal-pilot behaviour --preset quickstart --systems 500
  causal-pilot behaviour --preset sergio-quick --mode deterministic --json`,
        ),
    ),
  ).action(behaviour);
}

async function behaviour(options: BehaviourOptions): Promise<void> {
  const config = await loadExperiment(options, 'behaviour');
  const posterior = await posteriorSource(options, config);
  const policy = await checkpointFolder(
    options.policy ?? defaultFolder(options, 'policy'),
    "train one with 'causal-pilot train' or name it with --policy",
  );
  const study = await withSession(config, async ({ interrupt }) => {
    const { runBehaviour } = await import('../../evaluation/behaviour/run-behaviour.js');
    const { examples, mode, quiet = false } = options;
    const systems = options.systems ?? config.evaluation.systems;
    return runBehaviour({ config, posterior, policy, systems, examples, mode, interrupt, quiet });
  });
  if (study === undefined) return printLine('behaviour: stopped; nothing was written');
  const { behaviourToJson, writeBehaviour } = await import('../../evaluation/behaviour/behaviour-files.js');
  const files = await writeBehaviour(options.out ?? defaultFolder(options, 'behaviour'), study);
  if (options.json) return printJson({ files, ...behaviourToJson(study) });
  const { renderTable } = await import('../../evaluation/report/table.js');
  const { adaptivityTable, overallTable } = await import('../../evaluation/behaviour/tables.js');
  for (const table of [overallTable(study), adaptivityTable(study)])
    if (table !== undefined) printLine(`${renderTable(table)}\n`);
  printLine(`All figures and examples: ${files.join(', ')}`);
}
