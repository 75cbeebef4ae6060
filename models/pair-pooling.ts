import * as tf from '@tensorflow/tfjs';
import { linear } from '../core/tensor/linear.js';
import { addConstantVector, addGlorotWeight, type ParameterScope, subScope } from './initialization.js';

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
      for (const [name, outputs] of [
        ['hidden', channels],
        ['output', width],
      ] as const) {
        const layer = subScope(scope, `${direction}/${name}`);
        addGlorotWeight(layer, 'weight', { outputs, inputs: channels });
        addConstantVector(layer, 'bias', outputs, 0);
      }
    }
  }

  /** Pairs [B, d, d, C] -> [B, d, D]. */
  apply(pairs: tf.Tensor4D): tf.Tensor3D {
    const size = pairs.shape[1];
    const others = tf.reshape(tf.sub(1, tf.eye(size)), [1, size, size, 1]);
    const [outgoing, incoming] = DIRECTIONS.map((direction) => {
      const hidden = tf.mul(this.#linear(`${direction}/hidden`, pairs, 'relu'), others);
      const pooled = tf.div(tf.sum(hidden, direction === 'outgoing' ? 2 : 1), Math.max(1, size - 1));
      return this.#linear(`${direction}/output`, pooled);
    });
    return tf.add(outgoing!, incoming!) as tf.Tensor3D;
  }

  #linear(name: string, x: tf.Tensor, activation?: 'relu'): tf.Tensor {
    const get = (part: string) => this.#scope.parameters.get(`${this.#scope.prefix}/${name}/${part}`);
    return linear(x, get('weight') as tf.Tensor2D, get('bias') as tf.Tensor1D, activation);
  }
}
