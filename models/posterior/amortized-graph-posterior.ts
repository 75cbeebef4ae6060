import * as tf from '@tensorflow/tfjs';
import { checkResolution } from '../../core/causal/check-resolution.js';
import type { GraphPosterior } from '../../core/causal/graph-posterior.js';
import type { History } from '../../core/causal/history.js';
import type { RandomStream } from '../../core/random/stream.js';
import { layerNorm } from '../../core/tensor/layer-norm.js';
import { linear } from '../../core/tensor/linear.js';
import { ParameterSet } from '../../core/tensor/parameters.js';
import { AlternatingEncoder, type EncoderTraining } from '../networks/encoder.js';
import { usesAttention } from '../networks/encoder-config.js';
import {
  type HistoryArrays,
  type HistoryBatch,
  packHistories,
  standardizeCounts,
  standardizeValues,
  toHistoryBatch,
} from '../networks/history-batch.js';
import { addConstantVector, addGlorotWeight, type ParameterScope } from '../networks/initialization.js';
import { PairEncoder } from '../networks/pair-encoder.js';
import type { ScaleWatch } from '../networks/trained-scale.js';
import type { GraphPosteriorConfig } from './graph-posterior-config.js';

// Shapes: B histories, d variables, D width.

const INITIAL_LOG_TEMPERATURE = 2;
const INITIAL_EDGE_BIAS = -3;

/**
 * Amortized graph posterior q(A | D) in the style of AVICI (arXiv:2205.12934): an alternating-attention encoder, two
 * unit-length heads u and v per variable, and logit_ij = exp(temperature) <u_i, v_j> + bias, plus a logit read from
 * the encoding of the pair where one is configured; without attention layers, bias and that logit alone.
 */
export class AmortizedGraphPosterior implements GraphPosterior {
  /** @internal */
  readonly parameters = new ParameterSet();
  /**
   * Of loaded posteriors that read values as measured.
   *
   * @internal
   */
  scaleWatch: ScaleWatch | undefined;
  readonly #encoder: AlternatingEncoder | undefined;
  readonly #pairEncoder: PairEncoder | undefined;

  constructor(
    readonly config: GraphPosteriorConfig,
    stream: RandomStream,
  ) {
    const scope: ParameterScope = { parameters: this.parameters, prefix: 'encoder', stream };
    const attends = usesAttention(config);
    if (attends) {
      this.#encoder = new AlternatingEncoder(scope, config);
      for (const head of ['source', 'sink']) addEdgeHead({ ...scope, prefix: head }, config.width);
      addConstantVector({ ...scope, prefix: 'edge' }, 'logTemperature', 1, INITIAL_LOG_TEMPERATURE);
    }
    addConstantVector({ ...scope, prefix: 'edge' }, 'bias', 1, INITIAL_EDGE_BIAS);
    if (config.pairEncoder === undefined) return;
    this.#pairEncoder = new PairEncoder({ ...scope, prefix: 'pair' }, config.pairEncoder, {
      inputScaling: config.inputScaling,
      width: attends ? config.width : undefined,
    });
    // A weight of 0 starts from the published head.
    addGlorotWeight({ ...scope, prefix: 'pairLogit' }, 'weight', {
      outputs: 1,
      inputs: config.pairEncoder.channels,
      gain: 0,
    });
  }

  /**
   * Scales packed histories in place as this model expects them; call once before `logits`.
   *
   * @internal
   */
  scaleInputs(arrays: HistoryArrays): void {
    const { inputScaling } = this.config;
    if (inputScaling === 'standardize') standardizeValues(arrays);
    else if (inputScaling === 'log2-counts-per-million') standardizeCounts(arrays);
  }

  /**
   * Edge logits [B, d, d] of scaled histories; the diagonal is meaningless and is masked by the callers.
   *
   * @internal
   */
  logits(batch: HistoryBatch, training?: EncoderTraining): tf.Tensor3D {
    const bias = this.parameters.get('edge/bias');
    const encoding = this.#encoder?.encode(batch, training);
    const ofEnds = encoding === undefined ? bias : tf.add(this.#bilinear(encoding), bias);
    if (this.#pairEncoder === undefined) return ofEnds as tf.Tensor3D;
    const weight = this.parameters.get('pairLogit/weight') as tf.Tensor2D;
    return tf.add(ofEnds, tf.squeeze(linear(this.#pairEncoder.encode(batch, encoding), weight), [3]));
  }

  edgeProbabilities(histories: readonly History[]): Float32Array {
    this.scaleWatch?.look(histories);
    if (this.config.inputScaling === 'standardize') checkResolution('graph posterior', histories);
    const size = histories[0]?.size ?? 0;
    const probabilities = new Float32Array(histories.length * size * size);
    for (let start = 0; start < histories.length; start += this.config.chunk) {
      const arrays = packHistories(histories.slice(start, start + this.config.chunk));
      probabilities.set(this.probabilitiesOf(arrays), start * size * size);
    }
    return probabilities;
  }

  /**
   * Edge probabilities [B, d, d] of packed histories (scaled here, in place), diagonal 0.
   *
   * @internal
   */
  probabilitiesOf(arrays: HistoryArrays): Float32Array {
    this.scaleInputs(arrays);
    const values = tf.tidy(() => tf.sigmoid(this.logits(toHistoryBatch(arrays))).dataSync()) as Float32Array;
    const { batch, size } = arrays;
    const probabilities = Float32Array.from(values);
    for (let b = 0; b < batch; b++) for (let i = 0; i < size; i++) probabilities[(b * size + i) * size + i] = 0;
    return probabilities;
  }

  dispose(): void {
    this.parameters.dispose();
  }

  /** exp(temperature) <u_i, v_j> of encodings [B, d, D]: [B, d, d]. */
  #bilinear(encoding: tf.Tensor3D): tf.Tensor {
    const cosine = tf.matMul(this.#unitHead('source', encoding), this.#unitHead('sink', encoding), false, true);
    return tf.mul(cosine, tf.exp(this.parameters.get('edge/logTemperature')));
  }

  #unitHead(head: string, encoding: tf.Tensor3D): tf.Tensor3D {
    const get = (name: string) => this.parameters.get(`${head}/${name}`);
    const normalized = layerNorm(encoding, get('norm/scale') as tf.Tensor1D, get('norm/bias') as tf.Tensor1D);
    const projected = linear(normalized, get('weight') as tf.Tensor2D, get('bias') as tf.Tensor1D);
    const squaredLength = tf.sum(tf.square(projected), -1, true);
    return tf.mul(projected, tf.rsqrt(tf.add(squaredLength, 1e-12))) as tf.Tensor3D;
  }
}

function addEdgeHead(scope: ParameterScope, width: number): void {
  addConstantVector(scope, 'norm/scale', width, 1);
  addConstantVector(scope, 'norm/bias', width, 0);
  addGlorotWeight(scope, 'weight', { outputs: width, inputs: width });
  addConstantVector(scope, 'bias', width, 0);
}
