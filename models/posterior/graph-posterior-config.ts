import * as z from 'zod';
import { EncoderConfig, PairEncoderConfig } from '../networks/encoder-config.js';

export const GraphPosteriorConfig = z.strictObject({
  ...EncoderConfig.shape,
  inputScaling: z
    .enum(['standardize', 'log2-counts-per-million'])
    .default('standardize')
    .describe('how values are scaled before they enter; part of the model and kept with its checkpoint'),
  pairEncoder: PairEncoderConfig.optional().describe(
    'adds a logit read from the moments of every pair to the published head; left out: the published head alone',
  ),
  chunk: z.int().min(1).default(128).describe('histories per forward pass when scoring'),
});
export type GraphPosteriorConfig = z.infer<typeof GraphPosteriorConfig>;
