import { basename, join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { CausalPilotError } from '../../../core/errors.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { useOwnPrior } from './own-prior.js';
import { overriddenOption, type ReadingCommand, refuseUnread } from './read-options.js';

/** Options of every command that runs an experiment. */
export interface ExperimentOptions {
  readonly preset?: string;
  readonly config?: string;
  readonly set: readonly string[];
  readonly out?: string;
  readonly resume?: boolean;
  readonly backend?: string;
  readonly threads?: number;
  readonly precision?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
  /** File of the user's own prior, where the command takes one. */
  readonly module?: string;
}

/** Adds the options that say which experiment: `--preset`, `--config`, `--set`. */
export function addConfigOptions(command: Command): Command {
  return command
    .option('-p, --preset <name>', 'start from a shipped preset')
    .option('-c, --config <file>', 'start from a YAML file; it may say `extends: <preset>`')
    .option('-s, --set <option=value>', 'override one option, e.g. learner.batchSize=256; repeatable', collect, []);
}

/** Adds the options that all commands share whose work can be taken up again. */
export function addExperimentOptions(command: Command): Command {
  return addRunOptions(addConfigOptions(command)).option(
    '--resume',
    'continue what an earlier call left in the folder',
  );
}

/** Adds the options that say where results go and how the work is done. */
export function addRunOptions(command: Command): Command {
  return command
    .option('-o, --out <folder>', 'where results go (default: below runs/<preset>)')
    .option('--backend <name>', 'tensor backend: auto, native, cuda, tensorflow, wasm, cpu')
    .option('--threads <number>', 'threads of the native backend', wholeNumber)
    .option('--precision <name>', 'products of the cuda backend: tf32 (tensor cores), float32 (exact)')
    .option('-q, --quiet', 'no progress on standard error')
    .option('--json', 'print the figures as JSON on standard output');
}

/** Collects a repeatable option. */
function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** Parses a positive whole number. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a positive whole number.');
  return Number(text);
}

/** Parses `a,b,c`. */
export function nameList(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The override that makes `--strategies` the value of an option; none where the user left the strategies alone. */
export function strategyOverrides(strategies: readonly string[] | undefined, option: string): string[] {
  return strategies === undefined ? [] : [`${option}=${JSON.stringify(strategies)}`];
}

/**
 * The resolved configuration of an experiment, for the command that reads it.
 *
 * @throws CausalPilotError E_CONFIG if neither or both of preset and file are given, for the content's problems, and for
 * options set by the user that the command does not read.
 */
export async function loadExperiment(
  options: Pick<ExperimentOptions, 'preset' | 'config' | 'set' | 'backend' | 'threads' | 'precision' | 'module'>,
  reader: ReadingCommand,
): Promise<ExperimentConfig> {
  const { preset, config: file, set, backend, threads, precision, module } = options;
  const { experimentPresets, loadExperimentConfig } = await import('../../../training/config/experiment-config.js');
  if (preset !== undefined && file !== undefined)
    throw new CausalPilotError('E_CONFIG', 'give --preset or --config, not both; a file may say `extends: <preset>`');
  if (preset === undefined && file === undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `no experiment given; use --preset (${experimentPresets.names().join(', ')}) or --config FILE`,
    );
  const ownPrior = module === undefined ? [] : await useOwnPrior(module, { set, file });
  const overrides = [
    ...set,
    ...ownPrior,
    ...(backend === undefined ? [] : [`backend.name=${backend}`]),
    ...(threads === undefined ? [] : [`backend.threads=${threads}`]),
    ...(precision === undefined ? [] : [`backend.precision=${precision}`]),
  ];
  const experiment = loadExperimentConfig({ preset, file, overrides });
  const { unreadOptions } = await import('../../../training/config/unread-options.js');
  refuseUnread(overrides.map(overriddenOption), { reader, unread: unreadOptions(experiment) });
  return experiment;
}

/** Folder of one part of an experiment (`posterior`, `policy`, `evaluation`) unless the user chose another. */
export function defaultFolder({ preset, config }: Pick<ExperimentOptions, 'preset' | 'config'>, part: string): string {
  const experiment = preset ?? basename(config ?? 'experiment').replace(/\.[^.]*$/, '');
  return join('runs', experiment, part);
}
