import * as z from 'zod';
import { LearningRateSchedule } from './schedules.js';

export const BranchedGradientConfig = z.strictObject({
  kind: z.literal('branched-gradient'),
  updates: z.int().min(1).default(200).describe('gradient steps'),
  groups: z.int().min(1).default(32).describe('systems in each update'),
  branches: z.int().min(2).default(4).describe('rollouts of each system, sharing its start and noise'),
  warmStart: z
    .enum(['none', 'posterior-encoder'])
    .default('none')
    .describe("first weights of the policy's encoder: random, or the graph posterior's, whose shape it then must have"),
  imitation: z
    .strictObject({
      updates: z.int().min(0).default(0).describe('first updates, in which the choice of targets is imitated'),
      targets: z.int().min(1).default(1).describe('targets of each imitated experiment'),
      learningRate: z.number().gt(0).default(2e-3).describe('learning rate of Adam in these updates'),
    })
    .prefault({})
    .describe(
      'starts from round-robin: targets are those variables that were targets least often, at random among equals',
    ),
  objective: z
    .enum(['final', 'telescoped'])
    .default('final')
    .describe('what a choice is credited with: the last potential, or its increase from that choice on'),
  valueGradient: z
    .enum(['auto', 'pathwise', 'score'])
    .default('auto')
    .describe('how values learn: through simulator and posterior, or by score function; auto: pathwise where possible'),
  entropyWeight: z.number().min(0).default(0.01).describe('weight of the entropy of the target choice, per decision'),
  learningRate: LearningRateSchedule.prefault({ kind: 'constant', peak: 1e-3 }).describe(
    'learning rate of Adam after the imitation',
  ),
  clipNorm: z.number().gt(0).default(1).describe('global gradient norm clip'),
  validation: z
    .strictObject({
      every: z.int().min(1).default(25).describe('updates between evaluations on held-out systems'),
      systems: z.int().min(1).default(200),
      mode: z.enum(['stochastic', 'deterministic']).default('stochastic').describe('how the policy acts in validation'),
    })
    .prefault({}),
  logEvery: z.int().min(1).default(1).describe('updates between logged training metrics'),
  saveEvery: z.int().min(1).default(25).describe('updates between resumable checkpoints'),
});
export type BranchedGradientConfig = z.infer<typeof BranchedGradientConfig>;
