import * as z from 'zod';
import { HistoryEncoderConfig } from '../networks/encoder-config.js';

export const CriticConfig = z.strictObject({
  ...HistoryEncoderConfig.shape,
  feedForwardFactor: HistoryEncoderConfig.shape.feedForwardFactor
    .unwrap()
    .default(2)
    .describe('feed-forward width as a multiple of the token width'),
  hidden: z.array(z.int().min(1)).default([128, 128]).describe('hidden widths of the head (ReLU)'),
});
export type CriticConfig = z.infer<typeof CriticConfig>;
