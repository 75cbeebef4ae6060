import * as z from 'zod';
import { PerturbationScreenConfig } from '../../../envs/perturbation/config.js';
import { PREDICTOR_NAMES } from './predictors.js';

export const PerturbationStudyConfig = z.strictObject({
  seed: z.int().min(0).default(1).describe('names every random stream'),
  systems: z.int().min(1).default(8).describe('screens of systems of their own; standard errors are over them'),
  screen: PerturbationScreenConfig.prefault({}),
  predictors: z
    .array(z.enum(PREDICTOR_NAMES))
    .min(1)
    .default([...PREDICTOR_NAMES]),
  mechanisms: z
    .enum(['linear', 'additive'])
    .optional()
    .describe("of the models' graphs; left out: linear where the systems are, else additive"),
  rows: z.int().min(2).default(50).describe('drawn from every prediction, for distances between distributions'),
});
export type PerturbationStudyConfig = z.infer<typeof PerturbationStudyConfig>;
