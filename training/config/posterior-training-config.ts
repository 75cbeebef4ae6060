import * as z from 'zod';
import { LearningRateSchedule } from './schedules.js';

export const PosteriorTrainingConfig = z.strictObject({
  steps: z.int().min(1).describe('gradient steps'),
  batchSize: z.int().min(1).default(64).describe('simulated datasets per step'),
  labels: z
    .enum(['graph', 'exact', 'exact-where-cheap'])
    .default('graph')
    .describe(
      'what edges are compared with: the true graph, or their exact probabilities given the rows, which have the same minimiser and far less noise; only for linear Gaussian systems with do and shift; exact-where-cheap: for those of up to 10 variables, the true graph of others',
    ),
  optimizer: z.enum(['adam', 'lamb']).default('adam'),
  learningRate: LearningRateSchedule.describe('learning rate over the steps'),
  clipNorm: z.number().gt(0).default(1).describe('global gradient norm clip'),
  averageRate: z
    .number()
    .gt(0)
    .lte(1)
    .default(0.001)
    .describe('Polyak rate of the averaged weights, which are kept and evaluated'),
  acyclicity: z
    .strictObject({
      startStep: z
        .int()
        .min(0)
        .default(50_000)
        .describe('step at which the multiplier of the acyclicity penalty starts to rise'),
      every: z.int().min(1).default(500).describe('steps between rises of the multiplier'),
      rate: z.number().min(0).default(1e-4).describe('multiplier rise per unit of penalty; 0 switches the penalty off'),
    })
    .prefault({}),
  validation: z
    .strictObject({
      every: z.int().min(1).default(1000).describe('steps between evaluations on held-out datasets'),
      datasets: z.int().min(1).default(512).describe('held-out datasets'),
    })
    .prefault({}),
  logEvery: z.int().min(1).default(50).describe('steps between logged training metrics'),
  saveEvery: z.int().min(1).default(1000).describe('steps between resumable checkpoints'),
});
export type PosteriorTrainingConfig = z.infer<typeof PosteriorTrainingConfig>;
