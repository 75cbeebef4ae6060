import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { MOST_THREADS } from '../../core/backend/most-threads.js';
import { loadConfig } from '../../core/config/load-config.js';
import { presetFolder } from '../../core/config/preset-folder.js';
import { DesignEnvConfig } from '../../envs/design/design-env-config.js';
import { PosteriorDataConfig } from '../../envs/simulation/config.js';
import { PolicyConfig } from '../../models/policy/policy-config.js';
import { GraphPosteriorConfig } from '../../models/posterior/graph-posterior-config.js';
import { POSTERIOR_SOURCES } from '../../models/posterior/posterior-sources.js';
import { ActionValueConfig } from './action-value-config.js';
import { BranchedGradientConfig } from './branched-gradient-config.js';
import { PosteriorTrainingConfig } from './posterior-training-config.js';
import { RedqConfig } from './redq-config.js';

/** How the policy learns; `trainPolicy` has one case for each kind. */
export const LearnerConfig = z.discriminatedUnion('kind', [
  RedqConfig.describe('REDQ/SAC with an ensemble of critics'),
  BranchedGradientConfig.describe('gradients from groups of rollouts that share system and noise'),
  ActionValueConfig.describe('regression of what every set of targets is worth in the states that the policy reaches'),
]);
export type LearnerConfig = z.infer<typeof LearnerConfig>;

/** Options of version 0.1.0 by the names they have now. */
const RENAMED = { training: 'learner', branchedGradient: 'learner', critic: 'learner.critic' };

/** One experiment from simulation to evaluation. A preset holds one; each command reads the sections it needs. */
export const ExperimentConfig = z
  .strictObject({
    seed: z.int().min(0).default(1).describe('names every random stream of the run'),
    backend: z
      .strictObject({
        name: z
          .enum(['auto', 'native', 'cuda', 'tensorflow', 'wasm', 'cpu'])
          .default('auto')
          .describe('tensor backend'),
        threads: z
          .int()
          .min(1)
          .max(MOST_THREADS)
          .optional()
          .describe('threads of the native backend; all cores where left out'),
        precision: z
          .enum(['tf32', 'float32'])
          .optional()
          .describe('products of the cuda backend: on tensor cores (tf32, the default on a GPU) or exactly (float32)'),
        simulationWorkers: z
          .int()
          .min(0)
          .max(MOST_THREADS)
          .default(1)
          .describe('worker threads that simulate training datasets'),
      })
      .prefault({}),
    environment: DesignEnvConfig.prefault({}).describe('systems, budget, interventions and reward'),
    posterior: z.strictObject({
      source: z
        .enum(POSTERIOR_SOURCES)
        .default('learned')
        .describe(
          'a network trained on simulated systems, or Bayesian inference itself for linear Gaussian ones: exact (knows the prior) or scale-free; -misspecified where that is known not to fit',
        ),
      network: GraphPosteriorConfig.prefault({}),
      data: PosteriorDataConfig.prefault({}),
      training: PosteriorTrainingConfig,
    }),
    policy: PolicyConfig.prefault({}).describe('network of the policy'),
    learner: LearnerConfig,
    evaluation: z
      .strictObject({
        systems: z.int().min(1).default(500).describe('held-out systems'),
        batchSize: z.int().min(1).default(100).describe('systems played at the same time'),
        bootstrapSamples: z.int().min(1).default(2000).describe('resamples behind each 95 % interval'),
        reference: z.string().default('random').describe('strategy that the others are paired with'),
        strategies: z
          .array(z.string())
          .default([
            'observational',
            'random',
            'random-zero',
            'random-single',
            'random-full',
            'random-single-full',
            'round-robin-full',
            'round-robin-pairs-full',
            'round-robin-triples-full',
            'round-robin-fives-full',
          ])
          .describe('strategies beside the trained policy'),
        limits: z
          .enum(['auto', 'none'])
          .default('auto')
          .describe(
            'judge the rows of every strategy by the exact and the scale-free posterior too, where these are defined and cheap (up to 10 variables)',
          ),
        lookahead: z
          .strictObject({
            evaluations: z.int().min(1).default(800).describe('posteriors that one decision may compute'),
            mostTargets: z.int().min(1).default(3).describe('targets of a candidate at most'),
            candidates: z.int().min(1).default(64).describe('candidates at most; drawn where there are more sets'),
          })
          .prefault({})
          .describe('how hard the planners `lookahead` and `lookahead-scale-free` think'),
        fixedSequence: z
          .strictObject({
            systems: z.int().min(1).default(500).describe('systems that it is searched on, none of the evaluation'),
            mostTargets: z.int().min(1).default(3).describe('targets of an experiment at most'),
            candidates: z
              .int()
              .min(1)
              .default(64)
              .describe('sets weighed for each experiment; drawn where there are more'),
          })
          .prefault({})
          .describe('how `best-fixed` is searched, the best sequence of experiments that does not look at the data'),
        environments: z.array(z.string()).default(['training']).describe('named settings: training and the OOD suite'),
        seed: z.int().min(0).default(1).describe('names the held-out systems'),
      })
      .prefault({}),
  })
  .meta({ renamed: RENAMED });
export type ExperimentConfig = z.infer<typeof ExperimentConfig>;

/** An experiment whose learner is known. */
export type ExperimentWith<Learner extends LearnerConfig> = Omit<ExperimentConfig, 'learner'> & {
  readonly learner: Learner;
};

/** The presets that ship with the program. */
export const experimentPresets = presetFolder(fileURLToPath(new URL('../presets', import.meta.url)));

export interface LoadExperimentOptions {
  /** Name of a shipped preset. */
  readonly preset?: string;
  /** YAML file; may have `extends: <preset>`. */
  readonly file?: string;
  /** Dotted overrides such as `learner.batchSize=256`. */
  readonly overrides?: readonly string[];
}

/** @throws CausalPilotError E_CONFIG listing every problem with its place. */
export function loadExperimentConfig({ preset, file, overrides = [] }: LoadExperimentOptions): ExperimentConfig {
  return loadConfig({
    schema: ExperimentConfig,
    file,
    preset: preset === undefined ? undefined : experimentPresets.read(preset),
    overrides,
    resolvePreset: experimentPresets.resolve,
  });
}
