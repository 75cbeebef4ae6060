import * as tf from '@tensorflow/tfjs';
import { layerNorm } from '../../core/tensor/layer-norm.js';
import {
  PAIR_LAYER_WEIGHTS,
  PAIR_MEAN_WEIGHTS,
  type PairLayerWeights,
  pairLayer,
} from '../../core/tensor/pair-layer.js';
import { sinkStatistics } from '../../core/tensor/sink-statistics.js';
import { SINK_STATISTICS, type SinkStatisticsAttributes } from '../../core/tensor/sink-statistics-contract.js';
import type { InputScaling, PairEncoderConfig } from './encoder-config.js';
import type { HistoryBatch } from './history-batch.js';
import { addConstantVector, type ParameterScope, subScope } from './initialization.js';
import { addLinearLayer, applyLinearLayer } from './linear-layer.js';
import { PAIR_STATISTICS, pairStatistics } from './pair-statistics.js';

// Shapes: B histories, d variables, D width of an encoding, C channels of a pair.

/**
 * What the regressions of sinks may take for granted: values as measured have the noise variance that the linear prior has in
 * the mean, and no intercept; scaled ones have unit variance, of which about half is noise, and lost both.
 */
function sinkAttributes(scaling: InputScaling): SinkStatisticsAttributes {
  return scaling === 'keep'
    ? { noiseVariance: 0.11, centred: false, scaleFree: false }
    : { noiseVariance: 0.5, centred: true, scaleFree: true };
}

export interface PairEncoderInputs {
  /** How the values are scaled that come in. */
  readonly inputScaling: InputScaling;
  /** D of the encodings of variables that come in; left out where none do. */
  readonly width: number | undefined;
}

/**
 * Encodes every ordered pair of variables: statistics of the pair and the encodings of its ends enter, and in every layer pair
 * (i, j) reads its reverse (j, i) and the products over k of (i, k) and (k, j), which is how an indirect effect is told from
 * a direct one (`pairLayer`). Equivariant to permuting variables. The published encoder has to learn products of variables by attention
 * over rows, which takes far more steps.
 */
export class PairEncoder {
  readonly #scope: ParameterScope;
  readonly #inputs: PairEncoderInputs;

  constructor(
    scope: ParameterScope,
    readonly config: PairEncoderConfig,
    inputs: PairEncoderInputs,
  ) {
    this.#scope = scope;
    this.#inputs = inputs;
    const { channels, layers, statistics, means } = config;
    if (statistics !== 'sinks')
      for (const name of ['moments', 'reverseMoments']) this.#addLinear(name, channels, PAIR_STATISTICS);
    if (statistics !== 'moments')
      for (const name of ['regressions', 'reverseRegressions']) this.#addLinear(name, channels, SINK_STATISTICS);
    if (inputs.width !== undefined) for (const end of ['source', 'sink']) this.#addLinear(end, channels, inputs.width);
    const read = ['own', 'reverse', 'paths', ...(means ? ['sourceMean', 'sinkMean'] : [])];
    for (let layer = 0; layer < layers; layer++) {
      this.#addNorm(`layer${layer}/norm`);
      this.#addLinear(`layer${layer}/first`, channels, channels);
      this.#addLinear(`layer${layer}/second`, channels, channels);
      for (const input of read) this.#addLinear(`layer${layer}/${input}`, 2 * channels, channels);
      this.#addLinear(`layer${layer}/output`, channels, 2 * channels);
    }
    this.#addNorm('norm');
  }

  /** Scaled histories and the encodings [B, d, D] of their variables, where there are any -> one per ordered pair [B, d, d, C]. */
  encode(batch: HistoryBatch, encoding?: tf.Tensor3D): tf.Tensor4D {
    let pairs = this.#embed(batch, encoding);
    for (let layer = 0; layer < this.config.layers; layer++)
      pairs = pairLayer(pairs, this.#layerWeights(`layer${layer}`));
    return this.#norm('norm', pairs);
  }

  #embed(batch: HistoryBatch, encoding: tf.Tensor3D | undefined): tf.Tensor4D {
    const { statistics } = this.config;
    const terms: tf.Tensor[] = [];
    if (statistics !== 'sinks') {
      const moments = pairStatistics(batch);
      const reverse = this.#linear('reverseMoments', transposePairs(moments));
      terms.push(tf.add(this.#linear('moments', moments), reverse));
    }
    if (statistics !== 'moments') {
      const regressions = sinkStatistics(batch.channels, batch.rowMask, sinkAttributes(this.#inputs.inputScaling));
      terms.push(this.#linear('regressions', regressions));
      terms.push(transposePairs(this.#linear('reverseRegressions', regressions) as tf.Tensor4D));
    }
    if (encoding !== undefined) {
      const source = tf.expandDims(this.#linear('source', encoding), 2);
      terms.push(tf.add(source, tf.expandDims(this.#linear('sink', encoding), 1)));
    }
    return sumOf(terms) as tf.Tensor4D;
  }

  #layerWeights(prefix: string): PairLayerWeights {
    const names = this.config.means
      ? PAIR_LAYER_WEIGHTS
      : PAIR_LAYER_WEIGHTS.slice(0, PAIR_LAYER_WEIGHTS.length - PAIR_MEAN_WEIGHTS.length);
    // 'sourceMeanWeight' is kept as 'sourceMean/weight'.
    const path = (name: string) => name.replace(/(Weight|Bias|Scale)$/, (part) => `/${part.toLowerCase()}`);
    const weights = names.map((name) => [name, this.#parameter(`${prefix}/${path(name)}`)]);
    return Object.fromEntries(weights) as PairLayerWeights;
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

function sumOf([first, ...others]: readonly tf.Tensor[]): tf.Tensor {
  return others.reduce((sum, other) => tf.add(sum, other), first!);
}

/** Pair (i, j) becomes pair (j, i). */
function transposePairs(pairs: tf.Tensor4D): tf.Tensor4D {
  return tf.transpose(pairs, [0, 2, 1, 3]);
}
