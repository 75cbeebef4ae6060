import * as z from 'zod';
import { GraphPriorConfig } from '../prior/graph-priors.js';

export const LinearScmNoiseConfig = z.strictObject({
  kind: z
    .enum(['gaussian', 'laplace', 'gumbel', 'heteroskedastic'])
    .default('gaussian')
    .describe('noise distribution; heteroskedastic: normal with a scale that depends on the parents'),
  varianceShape: z
    .number()
    .positive()
    .default(10)
    .describe('shape of the inverse gamma distribution of the squared noise scale (not for heteroskedastic noise)'),
  varianceScale: z
    .number()
    .positive()
    .default(1)
    .describe('scale of the inverse gamma distribution of the squared noise scale (not for heteroskedastic noise)'),
  features: z.int().min(1).default(100).describe('random Fourier features per heteroskedastic noise scale'),
  lengthScale: z
    .number()
    .positive()
    .default(10)
    .describe('length scale of the squared-exponential kernel behind the heteroskedastic noise scale'),
  outputScale: z
    .number()
    .positive()
    .default(2)
    .describe('standard deviation of the function behind the heteroskedastic noise scale, before log(1 + exp(.))'),
});
export type LinearScmNoiseConfig = z.infer<typeof LinearScmNoiseConfig>;

/** The prior over linear structural causal models; the defaults are the training distribution of the CAASL paper. */
export const LinearScmConfig = z.strictObject({
  kind: z.literal('linear-scm').describe('linear structural causal models'),
  variables: z.int().min(1).default(10).describe('number of variables d'),
  graph: GraphPriorConfig.prefault({}).describe('prior over causal graphs'),
  coefficients: z
    .strictObject({
      mean: z
        .number()
        .min(0)
        .default(0)
        .describe(
          'absolute mean of the coefficients, with a random sign for each edge; their variance is 1 / in-degree',
        ),
    })
    .prefault({})
    .describe('prior over the linear coefficients'),
  noise: LinearScmNoiseConfig.prefault({}).describe('prior over the noise'),
});
export type LinearScmConfig = z.infer<typeof LinearScmConfig>;
