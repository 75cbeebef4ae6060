import * as z from 'zod';
import { LearningRateSchedule } from './schedules.js';

export const ActionValueConfig = z.strictObject({
  kind: z.literal('action-values'),
  iterations: z.int().min(1).default(150).describe('rounds of collecting states and learning from them'),
  episodes: z.int().min(1).default(256).describe('systems played to the end in each iteration, each a new one'),
  candidates: z
    .int()
    .min(2)
    .default(32)
    .describe('sets of targets tried in every state: all where there are no more, else as many drawn ones'),
  contenders: z
    .int()
    .min(1)
    .default(16)
    .describe('how many of these are the best by the values so far, out of eight times as many drawn ones'),
  exploration: z
    .number()
    .min(0)
    .lte(1)
    .default(0.3)
    .describe('share of experiments that are a random one of the tried sets instead of the best by the values so far'),
  batchSize: z.int().min(1).default(128).describe('states in each gradient step'),
  passes: z.int().min(1).default(2).describe('gradient steps over each collected state'),
  warmStart: z
    .enum(['none', 'posterior-encoder'])
    .default('none')
    .describe("first weights of the policy's encoder: random, or the graph posterior's, whose shape it then must have"),
  learningRate: LearningRateSchedule.prefault({ kind: 'cosine', peak: 3e-3 }).describe('learning rate of Adam'),
  clipNorm: z.number().gt(0).default(1).describe('global gradient norm clip'),
  averageRate: z
    .number()
    .gt(0)
    .lte(1)
    .default(0.005)
    .describe('rate at which the kept weights follow, once that is slower than a tenth of the steps so far'),
  validation: z
    .strictObject({
      every: z.int().min(1).default(25).describe('iterations between evaluations on held-out systems'),
      systems: z.int().min(1).default(2000),
      mode: z
        .enum(['stochastic', 'deterministic'])
        .default('deterministic')
        .describe('how the policy acts in validation'),
    })
    .prefault({}),
  saveEvery: z.int().min(1).default(25).describe('iterations between resumable checkpoints'),
});
export type ActionValueConfig = z.infer<typeof ActionValueConfig>;
