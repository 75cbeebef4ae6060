import * as z from 'zod';
import { GraphPriorConfig } from '../prior/graph-priors.js';

/** Screens of compounds whose targets are not told, only mixed into their features. */
export const PerturbationScreenConfig = z.strictObject({
  variables: z.number().int().min(2).default(20),
  graph: GraphPriorConfig.default({ kind: 'erdos-renyi', degree: 2 }),
  mechanisms: z
    .enum(['linear', 'nonlinear'])
    .default('linear')
    .describe('nonlinear: half of each linear weight and a random network of ten tanh units over all parents'),
  effects: z
    .enum(['shared', 'per-target'])
    .default('shared')
    .describe(
      'whether a compound moves all its targets alike; per-target: features are wider than 40 compounds can tell',
    ),
  compounds: z.number().int().min(2).default(40),
  newCompounds: z.number().int().min(1).default(20).describe('compounds that are seen in the test alone'),
  rows: z.number().int().min(2).default(50).describe('of every context'),
  observationalRows: z.number().int().min(2).default(800),
});
export type PerturbationScreenConfig = z.infer<typeof PerturbationScreenConfig>;
