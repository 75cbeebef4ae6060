import * as tf from '@tensorflow/tfjs';
import { scaledBatch } from './count-scaling.js';
import { AlternatingEncoder, type EncoderTraining } from './encoder.js';
import { type HistoryEncoderConfig, usesAttention } from './encoder-config.js';
import type { HistoryBatch } from './history-batch.js';
import type { ParameterScope } from './initialization.js';
import { PairEncoder } from './pair-encoder.js';
import { PairPooling } from './pair-pooling.js';

// Shapes: B histories, d variables, D width.

/** The published alternating-attention encoder of scaled histories, with what the statistics of pairs say beside it, or alone, where configured. */
export class HistoryEncoder {
  readonly #encoder: AlternatingEncoder | undefined;
  readonly #pairs: { readonly encoder: PairEncoder; readonly pooling: PairPooling } | undefined;

  /** Parameters are named `encoder/...`, `pair/...` and `pairPooling/...` below the scope. */
  constructor(
    scope: Omit<ParameterScope, 'prefix'>,
    readonly config: HistoryEncoderConfig,
  ) {
    const { pairEncoder, inputScaling, ...encoder } = config;
    const attends = usesAttention(config);
    if (attends) this.#encoder = new AlternatingEncoder({ ...scope, prefix: 'encoder' }, encoder);
    if (pairEncoder === undefined) return;
    const sizes = { channels: pairEncoder.channels, width: config.width };
    const inputs = { inputScaling, width: attends ? config.width : undefined };
    this.#pairs = {
      encoder: new PairEncoder({ ...scope, prefix: 'pair' }, pairEncoder, inputs),
      pooling: new PairPooling({ ...scope, prefix: 'pairPooling' }, sizes),
    };
  }

  /** Histories as measured -> one encoding per variable [B, d, D]. With `training`, dropout is applied. */
  encode(batch: HistoryBatch, training?: EncoderTraining): tf.Tensor3D {
    const scaled = scaledBatch(batch, this.config.inputScaling);
    const encoding = this.#encoder?.encode(scaled, training);
    if (this.#pairs === undefined) return encoding!;
    const pooled = this.#pairs.pooling.apply(this.#pairs.encoder.encode(scaled, encoding));
    return encoding === undefined ? pooled : tf.add(encoding, pooled);
  }
}
