import { type Command, InvalidArgumentError } from 'commander';
import { checkpointFolder } from '../session/model-folders.js';
import {
  addConfigOptions,
  addRunOptions,
  defaultFolder,
  type ExperimentOptions,
  loadExperiment,
  nameList,
  strategyOverrides,
  wholeNumber,
} from '../session/options.js';
import { printJson, printLine, withSession } from '../session/session.js';

interface ReadersCommandOptions extends ExperimentOptions {
  readonly posterior?: readonly string[];
  readonly policy?: string;
  readonly strategies: readonly string[];
  readonly environments: readonly string[];
  readonly experiments: readonly number[];
  readonly systems: number;
}

export function registerReaders(program: Command): void {
  addRunOptions(
    addConfigOptions(
      program
        .command('readers')
        .description(
          'how near posteriors come to the exact one on what strategies collect, beside scale-free Bayes and correlation',
        )
        .option(
          '--posterior <folders...>',
          'runs or checkpoints of graph posteriors (default: runs/<preset>/posterior)',
        )
        .option('--policy <folder>', 'run or checkpoint of a policy, for strategies that need one')
        .option('--strategies <names>', 'whose histories are read', nameList, [
          'observational',
          'random',
          'round-robin-full',
          'round-robin-pairs-full',
          'round-robin-triples-full',
        ])
        .option('--environments <names>', 'settings: training and the OOD suite', nameList, ['training'])
        .option('--experiments <numbers>', 'experiments after which histories are read', countList, [0, 1, 3, 5, 10])
        .option('--systems <number>', 'systems that every strategy plays', wholeNumber, 500)
        .addHelpText(
          'after',
          `
Example:
  causal-pilot readers --preset quickstart --systems 1000
  causal-pilot readers --preset quickstart --policy runs/quickstart/policy --strategies policy,lookahead --experiments 3,5 --systems 200`,
        ),
    ),
  ).action(readers);
}

/** Parses `0,1,3`. */
function countList(text: string): number[] {
  return nameList(text).map((number) => {
    if (!/^\d+$/.test(number)) throw new InvalidArgumentError('It must be whole numbers with commas between them.');
    return Number(number);
  });
}

async function readers(options: ReadersCommandOptions): Promise<void> {
  const set = [...options.set, ...strategyOverrides(options.strategies, 'evaluation.strategies')];
  const config = await loadExperiment({ ...options, set }, 'posterior');
  const remedy = "train one with 'causal-pilot pretrain' or name it with --posterior";
  const named = options.posterior ?? [defaultFolder(options, 'posterior')];
  const posteriors = await Promise.all(named.map((folder) => checkpointFolder(folder, remedy)));
  const policy = options.policy && (await checkpointFolder(options.policy, "train one with 'causal-pilot train'"));
  const { strategies, environments, experiments, systems } = options;
  const qualities = await withSession(config, async () => {
    const { compareReaders } = await import('../../evaluation/readers/compare-readers.js');
    return compareReaders({ config, posteriors, policy, strategies, environments, experiments, systems });
  });
  if (options.json) return printJson({ posteriors, qualities });
  const { renderTable } = await import('../../evaluation/report/table.js');
  const { readerTables } = await import('../../evaluation/readers/reader-table.js');
  for (const table of readerTables(qualities)) printLine(`${renderTable(table)}\n`);
}
