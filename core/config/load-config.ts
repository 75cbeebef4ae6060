import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { CausalPilotError } from '../errors.js';
import {
  type ConfigMapping,
  type ConfigNode,
  type ConfigProblem,
  type ConfigSource,
  emptyMapping,
  nodeAt,
  originOf,
  parseConfig,
  plainValue,
} from './config-tree.js';
import { describeIssue } from './describe-issue.js';
import { fillGroupDefaults, mergeNodes, optionSchema, removeUnknownOptions } from './option-schema.js';

export type { ConfigSource } from './config-tree.js';

/** The text of the preset `name` that the configuration called `from` asks for by `extends`. */
export type PresetResolver = (name: string, from: string) => ConfigSource;

export interface LoadConfigOptions<Schema extends z.ZodType> {
  /** Objects in it must be `z.strictObject`; groups whose options all have defaults should end in `.prefault({})`. */
  readonly schema: Schema;
  /** A YAML file to start from. */
  readonly file?: string;
  /** Or a YAML text to start from. With neither, the configuration consists of defaults and overrides. */
  readonly preset?: ConfigSource;
  /** `path=value` with a dotted path and a YAML value: `learner.batchSize=256`; later ones win. @defaultValue none */
  readonly overrides?: readonly string[];
  /** Needed only where a text has `extends: name` at its top. */
  readonly resolvePreset?: PresetResolver;
}

/**
 * Resolves a configuration: what `extends` names, then the text itself, then the overrides, then defaults; strictly
 * validated. Groups of options are joined, lists replaced; choosing another `kind` drops the options of the old one.
 *
 * @throws CausalPilotError E_CONFIG listing every problem, one line each, with `file:line:column` or the override.
 */
export function loadConfig<Schema extends z.ZodType>(options: LoadConfigOptions<Schema>): z.output<Schema> {
  const schema = optionSchema(options.schema);
  const texts = textLayers(options);
  const merged = [...texts, ...overrideLayers(options.overrides ?? [])].reduce<ConfigNode>(
    (base, layer) => mergeNodes(base, layer, schema),
    emptyMapping(''),
  );
  const tree: ConfigNode = {
    ...fillGroupDefaults(merged, schema),
    origin: texts.at(-1)?.origin ?? 'the configuration',
  };
  const problems = removeUnknownOptions(tree, schema);
  const result = options.schema.safeParse(plainValue(tree));
  if (result.success && problems.length === 0) return result.data;
  const explained = new Set(problems.map(({ path }) => path));
  for (const issue of result.error?.issues ?? []) {
    if (explained.has(issue.path.join('.'))) continue;
    problems.push({ origin: originOf(tree, issue.path), sentence: describeIssue(issue, nodeAt(tree, issue.path)) });
  }
  throw configError(problems);
}

/** A configuration file as text. @throws CausalPilotError E_CONFIG when it cannot be read. */
export function readConfigFile(path: string): ConfigSource {
  try {
    return { text: readFileSync(path, 'utf8'), source: path };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'the file does not exist' : (error as Error).message;
    throw new CausalPilotError('E_CONFIG', `${path}: the configuration cannot be read: ${reason}`, { cause: error });
  }
}

/** The text and what it extends, the most general one first. */
function textLayers({ file, preset, resolvePreset }: LoadConfigOptions<z.ZodType>): ConfigMapping[] {
  if (file !== undefined && preset !== undefined)
    throw new CausalPilotError('E_STATE', "loadConfig: give 'file' or 'preset', not both");
  const layers: ConfigMapping[] = [];
  const seen: string[] = [];
  let next = file !== undefined ? readConfigFile(file) : preset;
  while (next !== undefined) {
    if (seen.includes(next.source))
      throw configError([
        {
          origin: seen[0] ?? '',
          sentence: `presets extend each other in a circle: ${[...seen, next.source].join(' -> ')}`,
        },
      ]);
    seen.push(next.source);
    const layer = parseMapping(next);
    const parent = takeExtends(layer, next.source);
    layers.unshift(layer);
    if (parent === undefined) break;
    if (resolvePreset === undefined)
      throw configError([{ origin: parent.origin, sentence: "'extends' is not available for this configuration" }]);
    next = resolveLocated(() => resolvePreset(parent.name, parent.source), parent.origin);
  }
  return layers;
}

function resolveLocated(resolve: () => ConfigSource, origin: string): ConfigSource {
  try {
    return resolve();
  } catch (error) {
    if (!(error instanceof CausalPilotError)) throw error;
    throw new CausalPilotError('E_CONFIG', `${origin}: ${error.message}`, { cause: error });
  }
}

function parseMapping(source: ConfigSource): ConfigMapping {
  const parsed = parseConfig(source);
  if ('problems' in parsed) throw configError(parsed.problems);
  const { node } = parsed;
  if (node.kind === 'mapping') return { ...node, origin: source.source };
  if (node.kind === 'scalar' && node.value === null) return emptyMapping(source.source);
  throw configError([{ origin: node.origin, sentence: 'a configuration must consist of `option: value` lines' }]);
}

function takeExtends(
  layer: ConfigMapping,
  source: string,
): { name: string; source: string; origin: string } | undefined {
  const entry = layer.entries.get('extends');
  if (entry === undefined) return undefined;
  const { node } = entry;
  if (node.kind !== 'scalar' || typeof node.value !== 'string')
    throw configError([{ origin: node.origin, sentence: "'extends' must be the name of one preset" }]);
  layer.entries.delete('extends');
  return { name: node.value, source, origin: node.origin };
}

/** Overrides are joined into one layer first, so that their order matters only between equal paths. */
function overrideLayers(overrides: readonly string[]): ConfigMapping[] {
  const problems: ConfigProblem[] = [];
  const layers = overrides.map((override) => overrideLayer(override, problems));
  if (problems.length > 0) throw configError(problems);
  const joined = layers.reduce<ConfigNode>((merged, layer) => mergeNodes(merged, layer, {}), emptyMapping(''));
  return joined.kind === 'mapping' && overrides.length > 0 ? [joined] : [];
}

function overrideLayer(override: string, problems: ConfigProblem[]): ConfigMapping {
  const origin = `--set ${override}`;
  const at = override.indexOf('=');
  const path = override.slice(0, Math.max(at, 0)).trim().split('.');
  if (at === -1 || path.some((part) => part === '')) {
    problems.push({ origin, sentence: 'an override is written as option=value, for example learner.batchSize=256' });
    return emptyMapping(origin);
  }
  const parsed = parseConfig({ text: override.slice(at + 1), source: origin }, { inline: true });
  if ('problems' in parsed) {
    problems.push(
      ...parsed.problems.map((problem) => ({
        ...problem,
        sentence: `option '${path.join('.')}' is ${problem.sentence}`,
      })),
    );
    return emptyMapping(origin);
  }
  return path.reduceRight<ConfigNode>(
    (node, part) => ({ kind: 'mapping', origin, entries: new Map([[part, { keyOrigin: origin, node }]]) }),
    parsed.node,
  ) as ConfigMapping;
}

function configError(problems: readonly ConfigProblem[]): CausalPilotError {
  const lines = problems.map(({ origin, sentence }) => `${origin}: ${sentence}`);
  return new CausalPilotError('E_CONFIG', [...new Set(lines)].join('\n'));
}
