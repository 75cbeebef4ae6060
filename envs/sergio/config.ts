import * as z from 'zod';
import { GraphPriorConfig } from '../prior/graph-priors.js';
import { NOISE_KINDS, type NoiseKind } from './gene-network.js';
import { PLATFORM_NAMES, TECHNICAL_EFFECTS } from './platforms.js';

const range = (minimum: number, maximum: number, description: string) =>
  z
    .strictObject({ minimum: z.number().positive().default(minimum), maximum: z.number().positive().default(maximum) })
    .prefault({})
    .refine((bounds) => bounds.minimum <= bounds.maximum, 'minimum must not exceed maximum')
    .describe(description);

/** The prior over gene regulatory networks and how they are measured; the defaults are those of the CAASL paper. */
export const SergioConfig = z.strictObject({
  kind: z.literal('sergio').describe('single-cell expression of gene regulatory networks, after SERGIO'),
  variables: z.int().min(1).default(10).describe('number of genes d'),
  cellTypes: z.int().min(1).default(5).describe('cell types; they differ in the basal rates of the master regulators'),
  graph: GraphPriorConfig.prefault({}).describe('prior over regulatory graphs'),
  strengths: range(1, 5, 'absolute interaction strengths, uniform'),
  activation: z
    .strictObject({ alpha: z.number().positive().default(0.5), beta: z.number().positive().default(0.5) })
    .prefault({})
    .describe('beta distribution of the share of activating edges of each regulator'),
  basalRates: range(1, 3, 'production rates of genes without regulators, uniform for each cell type'),
  decays: range(0.8, 0.8, 'decay rates, uniform'),
  hillCoefficient: z.number().positive().default(1).describe('exponent of the response to a regulator'),
  noiseAmplitude: z.number().min(0).default(1).describe('factor on the stochastic part of the dynamics'),
  halfResponses: z
    .enum(['system', 'condition'])
    .default('system')
    .describe('unstated half responses: means of the unperturbed network, or of each condition as published'),
  cells: z
    .enum(['independent', 'snapshots'])
    .default('independent')
    .describe('independent draws from the stationary law, or snapshots of one path per cell type as published'),
  measurement: z
    .enum(['system', 'condition'])
    .default('system')
    .describe('outlier genes, library total and dropout midpoint: of the system, or of each condition as published'),
  noiseKind: z
    .enum(Object.keys(NOISE_KINDS) as [NoiseKind, ...NoiseKind[]])
    .default('dpd')
    .describe(
      'noise of production alone (sp), one noise for production and decay (spd), or two independent ones (dpd)',
    ),
  timeStep: z.number().positive().max(1).default(0.01).describe('step dt of the simulation'),
  stepsPerCell: z.int().min(1).default(15).describe('simulated steps for each cell of a type, for snapshots'),
  safetyStepsPerLevel: z
    .int()
    .min(0)
    .default(10)
    .describe('steps before the first snapshot, per level of the network, for snapshots'),
  knockdownFactor: z.number().min(0).max(1).default(0.5).describe('what a knockdown multiplies production with'),
  overexpressionFactor: z.number().min(1).default(2).describe('what over-expression multiplies production with'),
  guideEfficiency: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe(
      'probability that a perturbation takes place in a cell that it is meant for; other cells stay unperturbed',
    ),
  batches: z.int().min(1).default(1).describe('batches that cells are processed in, each cell in any of them'),
  batchStd: z
    .number()
    .min(0)
    .default(0)
    .describe('log-normal spread of what a batch multiplies each gene with, the same in every experiment'),
  platform: z
    .enum(['none', ...PLATFORM_NAMES])
    .default('10x-chromium')
    .describe('technical noise of this sequencing platform; none: clean expression'),
  technicalEffects: z
    .array(z.enum(TECHNICAL_EFFECTS))
    .default([...TECHNICAL_EFFECTS])
    .describe('which effects of the platform take place'),
});
export type SergioConfig = z.infer<typeof SergioConfig>;
