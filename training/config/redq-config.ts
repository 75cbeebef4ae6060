import * as z from 'zod';
import { CriticConfig } from '../../models/policy/critic-config.js';

export const RedqConfig = z.strictObject({
  kind: z.literal('redq'),
  critic: CriticConfig.prefault({}).describe('network of each critic'),
  iterations: z.int().min(1).describe('iterations of collecting episodes and updating'),
  episodesPerIteration: z.int().min(1).default(1000).describe('parallel episodes collected in each iteration'),
  updatesPerIteration: z.int().min(0).default(64).describe('policy updates in each iteration'),
  criticUpdatesPerPolicyUpdate: z.int().min(1).default(1).describe('G of REDQ'),
  critics: z.int().min(1).default(2).describe('N of REDQ: critics in the ensemble'),
  targetSubset: z.int().min(1).default(2).describe('M of REDQ: target critics drawn for each minimum'),
  actorValue: z
    .enum(['mean', 'minimum'])
    .default('mean')
    .describe('how the actor combines the ensemble; REDQ takes the mean'),
  choiceSamples: z
    .int()
    .min(2)
    .default(4)
    .describe('target sets drawn for each expectation over a bernoulli or subset head; the others need none'),
  batchSize: z.int().min(1).default(4096).describe('transitions per minibatch'),
  discount: z.number().gt(0).lte(1).default(0.9),
  polyakRate: z.number().gt(0).lte(1).default(0.001).describe('rate of the target critics'),
  policyLearningRate: z.number().gt(0).default(1e-3),
  criticLearningRate: z.number().gt(0).default(3e-5),
  clipNorm: z.number().gt(0).optional().describe('global gradient norm clip; none where left out'),
  rewardScale: z.number().gt(0).default(1).describe('factor on rewards while learning; reported returns are unscaled'),
  temperature: z
    .strictObject({
      automatic: z.boolean().default(true).describe('adjust the temperature to the target entropy'),
      initial: z.number().gt(0).default(1),
      learningRate: z.number().gt(0).default(1e-3),
      targetEntropyPerNumber: z.number().default(-1).describe('target entropy at the start, per action number'),
      targetEntropyDecay: z
        .number()
        .min(0)
        .default(1 / 14000)
        .describe('fall of the target entropy per iteration'),
      targetEntropyShare: z
        .number()
        .gt(0)
        .lt(1)
        .optional()
        .describe(
          'target entropy as a share of the largest that an action can have, in place of the one per number: for heads that choose among sets, which cannot reach a negative entropy by their choice',
        ),
    })
    .prefault({}),
  replayTransitions: z.int().min(1).default(1e7).describe('capacity of the replay'),
  learningStarts: z.int().min(0).default(1e4).describe('transitions collected with uniform actions before learning'),
  validation: z
    .strictObject({
      every: z.int().min(1).default(50).describe('iterations between evaluations on held-out systems'),
      systems: z.int().min(1).default(100),
      mode: z.enum(['stochastic', 'deterministic']).default('stochastic').describe('how the policy acts in validation'),
    })
    .prefault({}),
  saveEvery: z.int().min(1).default(50).describe('iterations between resumable checkpoints'),
});
export type RedqConfig = z.infer<typeof RedqConfig>;
