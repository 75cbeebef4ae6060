import * as z from 'zod';
import { CausalPilotError } from '../../core/errors.js';

export const EncoderConfig = z.strictObject({
  width: z.int().min(1).default(32).describe('width D of every token'),
  heads: z.int().min(1).default(8).describe('attention heads'),
  keySize: z.int().min(1).optional().describe('width of one head; width / heads where left out'),
  pairs: z
    .int()
    .min(0)
    .default(4)
    .describe('alternating pairs of layers: one over variables, one over rows; 0 leaves all reading to pairEncoder'),
  feedForwardFactor: z.number().gt(0).default(4).describe('feed-forward width as a multiple of the token width'),
  dropout: z.number().min(0).lt(1).default(0).describe('residual dropout while training'),
  firstAxis: z
    .enum(['variables', 'rows'])
    .default('variables')
    .describe('axis that the first layer of a pair attends over'),
});
export type EncoderConfig = z.infer<typeof EncoderConfig>;

export const PairEncoderConfig = z.strictObject({
  channels: z.int().min(1).default(16).describe('numbers C kept for every ordered pair of variables'),
  layers: z.int().min(0).default(2).describe('rounds in which pairs are combined along paths of two edges'),
  statistics: z
    .enum(['moments', 'sinks', 'both'])
    .default('moments')
    .describe('what is read of a pair: its moments, the regressions of its sink on all other variables, or both'),
  means: z
    .boolean()
    .default(false)
    .describe('whether a round also reads the means over all pairs with the same source and with the same sink'),
});
export type PairEncoderConfig = z.infer<typeof PairEncoderConfig>;

/**
 * How the measured values enter a network; part of the model and kept with its checkpoint. `keep` reads the scale of the
 * values, which says much where the prior over the noise is known and nothing elsewhere; `standardize` is blind to it.
 */
export const InputScaling = z.enum(['keep', 'standardize', 'log2-counts-per-million']);
export type InputScaling = z.infer<typeof InputScaling>;

/** How policy and critics read a history; part of the model and kept with its checkpoint. */
export const HistoryEncoderConfig = z.strictObject({
  ...EncoderConfig.shape,
  inputScaling: InputScaling.default('keep').describe(
    'how values are scaled before they enter: as measured (keep), or as the graph posterior may read them',
  ),
  pairEncoder: PairEncoderConfig.optional().describe(
    'adds what the statistics of its pairs say about a variable to its encoding; left out: the published encoder alone',
  ),
});
export type HistoryEncoderConfig = z.infer<typeof HistoryEncoderConfig>;

/**
 * Whether a network attends over rows and variables; otherwise it reads statistics of pairs alone.
 *
 * @throws CausalPilotError E_CONFIG if it would read nothing.
 */
export function usesAttention({ pairs, pairEncoder }: Pick<HistoryEncoderConfig, 'pairs' | 'pairEncoder'>): boolean {
  if (pairs === 0 && pairEncoder === undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      "encoder: 'pairs' is 0 and there is no 'pairEncoder', so nothing is read; set one of them",
    );
  return pairs > 0;
}
