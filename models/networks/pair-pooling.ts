import * as tf from '@tensorflow/tfjs';
import type { ParameterScope } from './initialization.js';
import { addLinearLayer, applyLinearLayer } from './linear-layer.js';

// Shapes: B histories, d variables, C channels of a pair, D width of an encoding.

const DIRECTIONS = ['outgoing', 'incoming'] as const;

/**
 * What the pairs of a variable say about it: for outgoing and incoming pairs a ReLU layer and its mean over the other
 * variables, which does not grow with their number, then a linear layer to the width of an encoding.
 */
export class PairPooling {
  readonly #scope: ParameterScope;

  constructor(scope: ParameterScope, { channels, width }: { readonly channels: number; readonly width: number }) {
    this.#scope = scope;
    for (const direction of DIRECTIONS) {
      addLinearLayer(scope, `${direction}/hidden`, { outputs: channels, inputs: channels });
      addLinearLayer(scope, `${direction}/output`, { outputs: width, inputs: channels });
    }
  }

  /** Pairs [B, d, d, C] -> [B, d, D]. */
  apply(pairs: tf.Tensor4D): tf.Tensor3D {
    const size = pairs.shape[1];
    const others = tf.reshape(tf.sub(1, tf.eye(size)), [1, size, size, 1]);
    const [outgoing, incoming] = DIRECTIONS.map((direction) => {
      const hidden = tf.mul(applyLinearLayer(this.#scope, `${direction}/hidden`, pairs, 'relu'), others);
      const pooled = tf.div(tf.sum(hidden, direction === 'outgoing' ? 2 : 1), Math.max(1, size - 1));
      return applyLinearLayer(this.#scope, `${direction}/output`, pooled);
    });
    return tf.add(outgoing!, incoming!) as tf.Tensor3D;
  }
}
