import * as z from 'zod';
import { CausalModelPriorConfig } from './prior-config.js';
import { REWARD_KINDS } from './reward.js';

/** What an episode looks like, whatever system it runs on. */
export const DesignEnvSettings = z.strictObject({
  initialRows: z.int().min(0).default(50).describe('observational rows n0 that every episode starts with'),
  budget: z.int().min(0).default(10).describe('experiments T in an episode; 0 means none, only the initial rows'),
  interventionKind: z
    .enum(['do', 'shift', 'knockout', 'knockdown', 'overexpression'])
    .default('do')
    .describe('what an experiment does to its targets'),
  valueRange: z
    .number()
    .positive()
    .default(1)
    .describe('largest absolute do-value or shift that an experiment may use, in units of the measured variable'),
  rowsPerExperiment: z.int().min(1).default(1).describe('rows measured in each experiment'),
  targetFlipProbability: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('probability that a target flag is carried out wrongly; the history keeps what was asked for'),
  reward: z
    .enum(REWARD_KINDS)
    .default('expectedCorrectEntries')
    .describe('potential whose increase is the reward of an experiment'),
});
export type DesignEnvSettings = z.infer<typeof DesignEnvSettings>;

/** A design environment as data: the episode and the prior over the systems it runs on. */
export const DesignEnvConfig = z.strictObject({
  prior: CausalModelPriorConfig.prefault({ kind: 'linear-scm' }).describe('distribution that systems are drawn from'),
  ...DesignEnvSettings.shape,
});
export type DesignEnvConfig = z.infer<typeof DesignEnvConfig>;
