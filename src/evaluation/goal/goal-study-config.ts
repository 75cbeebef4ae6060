import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { loadConfig } from '../../../core/config/load-config.js';
import { presetFolder } from '../../../core/config/preset-folder.js';
import { GoalInstanceConfig } from '../../../envs/goal/goal-instance.js';
import { MisspecificationConfig } from '../../../envs/goal/misspecified-graph.js';

/** One panel of a study: a family of instances and what strategies are told about their graph. */
export const GoalSettingConfig = z.strictObject({
  name: z.string().min(1).describe('name of the setting in results'),
  instance: GoalInstanceConfig.prefault({}),
  misspecification: MisspecificationConfig.optional().describe('makes the known graph wrong; left out, it is right'),
});
export type GoalSettingConfig = z.infer<typeof GoalSettingConfig>;

const studyFields = {
  seed: z.int().min(0).default(1).describe('names every random stream'),
  runs: z.int().min(1).default(20).describe('runs of each strategy on each problem, averaged'),
  budget: z.int().min(0).default(50).describe('experiments T'),
  rows: z.int().min(1).default(1).describe('rows n measured in each experiment'),
  strategies: z
    .array(z.string())
    .min(1)
    .default(['civ-ow', 'civ', 'greedy', 'cv', 'maxv', 'random-shift'])
    .describe('civ, civ-ow, greedy, maxv, cv, ei, mi, ucb, random-shift, or a trained policy'),
  reference: z.string().default('random-shift').describe('strategy that the others are paired with'),
  search: z
    .enum(['published', 'thorough'])
    .default('published')
    .describe('where the search for a shift stops: at the decrease where the published one did, or at the minimum'),
  bootstrapSamples: z.int().min(1).default(2000).describe('resamples behind each 95 % interval'),
  tableRounds: z.array(z.int().min(0)).default([10, 25, 50]).describe('experiments t that the printed tables show'),
};

export const SyntheticStudyConfig = z.strictObject({
  study: z.literal('synthetic').describe('synthetic linear systems with a known optimum'),
  ...studyFields,
  instances: z.int().min(1).default(10).describe('problems per setting; intervals are over problems'),
  sharedInstance: z
    .boolean()
    .default(false)
    .describe('every problem is the same graph, weights and optimum, as in the published runs; only the noise differs'),
  workers: z.int().min(0).default(2).describe('worker threads; 0 stays in one thread, with the same results'),
  initialRows: z.int().min(0).default(0).describe('observations before the first experiment'),
  settings: z
    .array(GoalSettingConfig)
    .min(1)
    .default([GoalSettingConfig.parse({ name: 'complete, p = 30' })]),
});
export type SyntheticStudyConfig = z.infer<typeof SyntheticStudyConfig>;

const KnockoutNames = z.array(z.string().min(1)).min(1);

export const ScreenStudyConfig = z.strictObject({
  study: z.literal('screen').describe('measured cells, knockouts of one gene each as candidates'),
  ...studyFields,
  file: z.string().min(1).describe('table of cells: .csv, .tsv, .txt (also .gz) or .h5ad'),
  perturbationColumn: z.string().min(1).default('perturbation').describe('column that names the gene knocked out'),
  control: z.string().default('control').describe('what that column says for cells without a knockout'),
  ignoredColumns: z
    .array(z.string())
    .default(['cell', 'cell_type'])
    .describe(
      'columns of a text table that are not genes, beside those that hold text or are called like quality figures',
    ),
  matrix: z.string().min(1).default('X').describe('matrix of an .h5ad file: X, raw, or the name of a layer'),
  geneColumn: z
    .string()
    .min(1)
    .optional()
    .describe('column of var that names the genes of an .h5ad file; left out, its index'),
  transform: z
    .enum(['none', 'log-normalise'])
    .default('none')
    .describe('of the values: none for values that are logarithms already, log-normalise for counts'),
  genes: KnockoutNames.optional().describe('genes of the model; left out, all that are knocked out in the file'),
  goals: KnockoutNames.optional().describe('knockouts whose mean is to be found; left out, all'),
  warmUpCells: z.int().min(2).default(100).describe('control cells that the regressions start from'),
  noise: z
    .enum(['held', 'unknown'])
    .default('held')
    .describe('noise variances after the warm-up: held at their means, as published, or still unknown'),
  structure: z
    .strictObject({
      alpha: z.number().gt(0).lt(1).default(1e-3).describe('significance of the partial correlation tests'),
      starts: z.int().min(1).default(10).describe('random causal orders to start from'),
    })
    .prefault({})
    .describe('greedy sparsest permutation on the control cells'),
});
export type ScreenStudyConfig = z.infer<typeof ScreenStudyConfig>;

export const GoalStudyConfig = z.discriminatedUnion('study', [SyntheticStudyConfig, ScreenStudyConfig]);
export type GoalStudyConfig = z.infer<typeof GoalStudyConfig>;

/** Studies of the goal task that ship with the program. */
export const goalPresets = presetFolder(fileURLToPath(new URL('./presets', import.meta.url)));

export interface LoadStudyOptions {
  /** Name of a shipped preset. */
  readonly preset?: string;
  /** YAML file; may have `extends: <preset>`. */
  readonly file?: string;
  /** Dotted overrides such as `runs=5`. */
  readonly overrides?: readonly string[];
}

/** @throws CausalPilotError E_CONFIG listing every problem with its place. */
export function loadGoalStudy({ preset, file, overrides = [] }: LoadStudyOptions): GoalStudyConfig {
  return loadConfig({
    schema: GoalStudyConfig,
    file,
    preset: preset === undefined ? undefined : goalPresets.read(preset),
    overrides,
    resolvePreset: goalPresets.resolve,
  });
}
