import * as tf from '@tensorflow/tfjs';
import { layerNorm } from '../../core/tensor/layer-norm.js';
import type { PairEncoderConfig } from './encoder-config.js';
import type { HistoryBatch } from './history-batch.js';
import { addConstantVector, type ParameterScope, subScope } from './initialization.js';
import { addLinearLayer, applyLinearLayer } from './linear-layer.js';
import { PAIR_STATISTICS, pairStatistics } from './pair-statistics.js';

// Shapes: B histories, d variables, D width of an encoding, C channels of a pair.

const LAYER_INPUTS = ['own', 'reverse', 'paths'] as const;

/**
 * Encodes every ordered pair of variables: moments of the pair and the encodings of its ends enter, and in every layer pair
 * (i, j) reads its reverse (j, i) and the products over k of (i, k) and (k, j), which is how an indirect effect is told from
 * a direct one. Equivariant to permuting variables. The published encoder has to learn products of variables by attention
 * over rows, which takes far more steps.
 */
export class PairEncoder {
  readonly #scope: ParameterScope;

  constructor(
    scope: ParameterScope,
    readonly config: PairEncoderConfig,
    width: number,
  ) {
    this.#scope = scope;
    const { channels, layers } = config;
    this.#addLinear('moments', channels, PAIR_STATISTICS);
    this.#addLinear('reverseMoments', channels, PAIR_STATISTICS);
    this.#addLinear('source', channels, width);
    this.#addLinear('sink', channels, width);
    for (let layer = 0; layer < layers; layer++) {
      this.#addNorm(`layer${layer}/norm`);
      this.#addLinear(`layer${layer}/first`, channels, channels);
      this.#addLinear(`layer${layer}/second`, channels, channels);
      for (const input of LAYER_INPUTS) this.#addLinear(`layer${layer}/${input}`, 2 * channels, channels);
      this.#addLinear(`layer${layer}/output`, channels, 2 * channels);
    }
    this.#addNorm('norm');
  }

  /** Scaled histories and the encodings [B, d, D] of their variables -> one encoding per ordered pair [B, d, d, C]. */
  encode(batch: HistoryBatch, encoding: tf.Tensor3D): tf.Tensor4D {
    const moments = pairStatistics(batch);
    const ends = tf.add(
      tf.expandDims(this.#linear('source', encoding), 2),
      tf.expandDims(this.#linear('sink', encoding), 1),
    );
    const reverse = this.#linear('reverseMoments', transposePairs(moments));
    let pairs = tf.add(tf.add(this.#linear('moments', moments), reverse), ends) as tf.Tensor4D;
    for (let layer = 0; layer < this.config.layers; layer++) {
      const normalized = this.#norm(`layer${layer}/norm`, pairs);
      const seen = {
        own: normalized,
        reverse: transposePairs(normalized),
        paths: this.#twoEdgePaths(`layer${layer}`, normalized),
      };
      // One product for each input and a sum: what a concatenation would give, whose gradient is slow slicing.
      const [own, ...others] = LAYER_INPUTS.map((input) => this.#linear(`layer${layer}/${input}`, seen[input]));
      const hidden = tf.relu(others.reduce((sum, other) => tf.add(sum, other), own!));
      pairs = tf.add(pairs, this.#linear(`layer${layer}/output`, hidden)) as tf.Tensor4D;
    }
    return this.#norm('norm', pairs);
  }

  /** sum_k first_ik * second_kj / sqrt(d) in every channel. */
  #twoEdgePaths(prefix: string, pairs: tf.Tensor4D): tf.Tensor4D {
    const matrices = (name: string) => tf.transpose(this.#linear(`${prefix}/${name}`, pairs), [0, 3, 1, 2]);
    const products = tf.matMul(matrices('first'), matrices('second'));
    return tf.transpose(tf.mul(products, 1 / Math.sqrt(pairs.shape[1])), [0, 2, 3, 1]) as tf.Tensor4D;
  }

  #addLinear(name: string, outputs: number, inputs: number): void {
    addLinearLayer(this.#scope, name, { outputs, inputs });
  }

  #addNorm(name: string): void {
    const layer = subScope(this.#scope, name);
    addConstantVector(layer, 'scale', this.config.channels, 1);
    addConstantVector(layer, 'bias', this.config.channels, 0);
  }

  #linear(name: string, x: tf.Tensor): tf.Tensor {
    return applyLinearLayer(this.#scope, name, x);
  }

  #norm(name: string, x: tf.Tensor4D): tf.Tensor4D {
    const scale = this.#parameter(`${name}/scale`) as tf.Tensor1D;
    return layerNorm(x, scale, this.#parameter(`${name}/bias`) as tf.Tensor1D) as tf.Tensor4D;
  }

  #parameter(name: string): tf.Tensor {
    return this.#scope.parameters.get(`${this.#scope.prefix}/${name}`);
  }
}

/** Pair (i, j) becomes pair (j, i). */
function transposePairs(pairs: tf.Tensor4D): tf.Tensor4D {
  return tf.transpose(pairs, [0, 2, 1, 3]);
}
