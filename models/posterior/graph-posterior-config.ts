import * as z from 'zod';
import { EncoderConfig, InputScaling, PairEncoderConfig } from '../networks/encoder-config.js';

export const GraphPosteriorConfig = z.strictObject({
  ...EncoderConfig.shape,
  inputScaling: InputScaling.default('standardize').describe(
    'how values are scaled before they enter; keep: as measured, for a prior whose noise is known',
  ),
  pairEncoder: PairEncoderConfig.optional().describe(
    'adds a logit read from the statistics of every pair to the published head; left out: the published head alone',
  ),
  chunk: z.int().min(1).default(128).describe('histories per forward pass when scoring'),
});
export type GraphPosteriorConfig = z.infer<typeof GraphPosteriorConfig>;
