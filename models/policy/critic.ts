import * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '../../core/random/stream.js';
import { ParameterSet } from '../../core/tensor/parameters.js';
import type { HistoryBatch } from '../networks/history-batch.js';
import { HistoryEncoder } from '../networks/history-encoder.js';
import { Mlp } from '../networks/mlp.js';
import type { CriticConfig } from './critic-config.js';

/**
 * Q(h, a): its own encoder of the history, then an MLP on [encoding_i, action_i] for every variable i whose outputs are
 * summed over variables (CAASL, appendix D). The action enters after the encoder, so that one encoding serves several
 * actions.
 */
export class Critic {
  readonly parameters = new ParameterSet();
  readonly #encoder: HistoryEncoder;
  readonly #head: Mlp;

  constructor(
    readonly config: CriticConfig,
    readonly channels: number,
    stream: RandomStream,
  ) {
    const scope = { parameters: this.parameters, stream };
    this.#encoder = new HistoryEncoder(scope, config);
    this.#head = new Mlp(
      { ...scope, prefix: 'head' },
      { inputs: config.width + channels, hidden: config.hidden, outputs: 1, outputGain: 0.1 },
    );
  }

  /** Histories -> [B, d, width]. */
  encode(batch: HistoryBatch): tf.Tensor3D {
    return this.#encoder.encode(batch);
  }

  /** Encoding [B, d, width] and action numbers [B, d, C] -> Q [B]. */
  value(encoding: tf.Tensor3D, action: tf.Tensor3D): tf.Tensor1D {
    const perVariable = this.#head.apply(tf.concat([encoding, action], -1));
    return tf.sum(perVariable, [1, 2]);
  }

  /** Encoding [B, d, width] and M actions for each history [B, M, d, C] -> Q [B, M]. */
  values(encoding: tf.Tensor3D, actions: tf.Tensor4D): tf.Tensor2D {
    const [batch, count, size, channels] = actions.shape;
    const repeated = tf.tile(tf.expandDims(encoding, 1), [1, count, 1, 1]);
    const flat = tf.reshape(repeated, [batch * count, size, encoding.shape[2]]) as tf.Tensor3D;
    const q = this.value(flat, tf.reshape(actions, [batch * count, size, channels]) as tf.Tensor3D);
    return tf.reshape(q, [batch, count]);
  }

  dispose(): void {
    this.parameters.dispose();
  }
}
