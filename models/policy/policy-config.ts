import * as z from 'zod';
import { HistoryEncoderConfig } from '../networks/encoder-config.js';

const valueSign = z
  .enum(['free', 'chosen'])
  .default('free')
  .describe('free: the value is a tanh-Gaussian number of either sign; chosen: its sign is a choice of its own');

/** Whether sets of the smallest allowed size are allowed at all. */
const leavesSets = (head: { minimumTargets: number; maximumTargets: number }) =>
  head.minimumTargets <= head.maximumTargets;
const NO_SETS = { path: ['minimumTargets'], message: 'minimumTargets must not exceed maximumTargets' };

export const ActionHeadConfig = z.discriminatedUnion('kind', [
  z
    .strictObject({ kind: z.literal('independent') })
    .describe('published: tanh-Gaussian numbers, a variable is a target where its switch is above 0'),
  z
    .strictObject({ kind: z.literal('single'), valueSign })
    .describe('exactly one target, categorical over the variables'),
  z.strictObject({ kind: z.literal('bernoulli'), valueSign }).describe('one target bit per variable, independent'),
  z
    .strictObject({
      kind: z.literal('subset'),
      valueSign,
      minimumTargets: z.int().min(0).default(1).describe('fewest targets in an experiment'),
      maximumTargets: z.int().min(1).default(4).describe('most targets in an experiment'),
    })
    .refine(leavesSets, NO_SETS)
    .describe('a number of targets, then a set of that size; exact log-probability'),
  z
    .strictObject({
      kind: z.literal('scored'),
      minimumTargets: z.int().min(0).default(1).describe('fewest targets in an experiment'),
      maximumTargets: z
        .int()
        .min(1)
        .default(3)
        .describe('most targets in an experiment; fewer on systems so large that there are more than 8,192 such sets'),
      temperature: z
        .number()
        .gt(0)
        .default(0.02)
        .describe('stochastic decisions: a set is as probable as exp(value / temperature); in units of the reward'),
    })
    .refine(leavesSets, NO_SETS)
    .describe('values every set of targets at full strength and takes the best; learned by action-values'),
]);
export type ActionHeadConfig = z.infer<typeof ActionHeadConfig>;
export type ScoredSetsConfig = Extract<ActionHeadConfig, { kind: 'scored' }>;
/** Heads that read the outputs of a network per variable as a distribution. */
export type OutputsHeadConfig = Exclude<ActionHeadConfig, ScoredSetsConfig>;

export const PolicyConfig = z.strictObject({
  ...HistoryEncoderConfig.shape,
  dropout: HistoryEncoderConfig.shape.dropout
    .unwrap()
    .default(0.1)
    .describe('residual dropout of the encoder while training'),
  hidden: z.array(z.int().min(1)).default([128, 128]).describe('hidden widths of the head (ReLU)'),
  head: ActionHeadConfig.prefault({ kind: 'independent' }).describe('how targets and values are chosen'),
  initialStd: z
    .number()
    .gt(0)
    .lte(1)
    .default(Math.sqrt(1 / 3))
    .describe('standard deviation before tanh at the start'),
  minimumLogStd: z.number().lt(0).default(-20).describe('lower clamp of the log standard deviation'),
  chunk: z.int().min(1).default(256).describe('histories per forward pass when proposing'),
});
export type PolicyConfig = z.infer<typeof PolicyConfig>;
