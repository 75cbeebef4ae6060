import * as z from 'zod';

export const EncoderConfig = z.strictObject({
  width: z.int().min(1).default(32).describe('width D of every token'),
  heads: z.int().min(1).default(8).describe('attention heads'),
  keySize: z.int().min(1).optional().describe('width of one head; width / heads where left out'),
  pairs: z.int().min(1).default(4).describe('alternating pairs of layers: one over variables, one over rows'),
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
});
export type PairEncoderConfig = z.infer<typeof PairEncoderConfig>;

/** How a policy or critic reads the measured values; part of the model and kept with its checkpoint. */
export const InputScaling = z
  .enum(['none', 'standardize', 'log2-counts-per-million'])
  .default('none')
  .describe('how values are scaled before they enter: as measured, or as the graph posterior reads them');
export type InputScaling = z.infer<typeof InputScaling>;

/** How policy and critics read a history; part of the model and kept with its checkpoint. */
export const HistoryEncoderConfig = z.strictObject({
  ...EncoderConfig.shape,
  inputScaling: InputScaling,
  pairEncoder: PairEncoderConfig.optional().describe(
    'adds what the moments of its pairs say about a variable to its encoding; left out: the published encoder alone',
  ),
});
export type HistoryEncoderConfig = z.infer<typeof HistoryEncoderConfig>;
