import * as tf from '@tensorflow/tfjs';
import { scaledBatch } from './count-scaling.js';
import { AlternatingEncoder, type EncoderTraining } from './encoder.js';
import { type HistoryEncoderConfig, usesAttention } from './encoder-config.js';
import type { HistoryBatch } from './history-batch.js';
import type { ParameterScope } from './initialization.js';
import { PairEncoder } from './pair-encoder.js';
import { PairPooling } from './pair-pooling.js';

// Shapes: B histories, d variables, D width, C channels of a pair.

/** What is read of a batch of histories. */
export interface HistoryEncoding {
  /** [B, d, D] */
  readonly variables: tf.Tensor3D;
  /** [B, d, d, C], one of every ordered pair; undefined without a pair encoder. */
  readonly pairs: tf.Tensor4D | undefined;
}

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
    return this.encodeAll(batch, training).variables;
  }

  /** The same with the encodings of pairs that it was made from. */
  encodeAll(batch: HistoryBatch, training?: EncoderTraining): HistoryEncoding {
    const scaled = scaledBatch(batch, this.config.inputScaling);
    const encoding = this.#encoder?.encode(scaled, training);
    if (this.#pairs === undefined) return { variables: encoding!, pairs: undefined };
    const pairs = this.#pairs.encoder.encode(scaled, encoding);
    const pooled = this.#pairs.pooling.apply(pairs);
    return { variables: encoding === undefined ? pooled : tf.add(encoding, pooled), pairs };
  }
}
