import type { Command } from 'commander';
import { addConfigOptions, type ExperimentOptions, loadExperiment } from '../session/options.js';
import { printJson, printLine } from '../session/session.js';

export function registerConfig(program: Command): void {
  const config = program.command('config').description('what a configuration can say');
  config
    .command('schema')
    .description('print the JSON Schema of experiment files, for editors')
    .addHelpText('after', '\nExample:\n  causal-pilot config schema > causal-pilot.schema.json')
    .action(schema);
  config
    .command('explain')
    .description('explain every option: type, default, meaning')
    .argument('[option]', 'only this option and those below it, e.g. training')
    .option('--json', 'print the explanations as JSON')
    .addHelpText('after', '\nExample:\n  causal-pilot config explain posterior.training')
    .action(explain);
  addConfigOptions(config.command('show').description('print an experiment with everything filled in'))
    .option('--json', 'print JSON instead of YAML')
    .addHelpText('after', '\nExample:\n  causal-pilot config show --preset quickstart --set environment.budget=3')
    .action(show);
}

async function schema(): Promise<void> {
  const { configJsonSchema } = await import('../../../core/config/explain.js');
  const { ExperimentConfig } = await import('../../../training/config/experiment-config.js');
  printJson(configJsonSchema(ExperimentConfig));
}

async function explain(option: string | undefined, { json }: { readonly json?: boolean }): Promise<void> {
  const { explainConfig, formatExplanations } = await import('../../../core/config/explain.js');
  const { ExperimentConfig } = await import('../../../training/config/experiment-config.js');
  const { CausalPilotError } = await import('../../../core/errors.js');
  const prefix = option ?? '';
  const matching = explainConfig(ExperimentConfig).filter(
    ({ path }) => prefix === '' || path === prefix || path.startsWith(`${prefix}.`),
  );
  if (matching.length === 0)
    throw new CausalPilotError('E_INPUT', `there is no option '${prefix}'; 'causal-pilot config explain' lists all`);
  if (json) printJson(matching);
  else printLine(formatExplanations(matching));
}

async function show(options: ExperimentOptions): Promise<void> {
  const config = await loadExperiment(options, 'config');
  if (options.json) printJson(config);
  else {
    const { stringify } = await import('yaml');
    printLine(stringify(config).trimEnd());
  }
}
