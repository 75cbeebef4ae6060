import * as tf from '@tensorflow/tfjs';
import { HISTORY_CHANNELS } from '../../core/causal/history.js';
import { CausalPilotError } from '../../core/errors.js';
import { type StepInput, vectorInput } from '../../core/tensor/captured-step.js';
import { dropoutKeys } from '../../core/tensor/dropout.js';
import { type EncoderLayerWeights, encoderLayer } from '../../core/tensor/encoder-layer.js';
import { layerNorm } from '../../core/tensor/layer-norm.js';
import { maskedMaxPool } from '../../core/tensor/masked-pool.js';
import type { ParameterSet } from '../../core/tensor/parameters.js';
import type { EncoderConfig } from './encoder-config.js';
import type { HistoryBatch } from './history-batch.js';
import { addConstantVector, type ParameterScope, subScope } from './initialization.js';
import { addLinearLayer, applyLinearLayer } from './linear-layer.js';

// Shapes: B histories, n rows, d variables, D width.

/** What a forward pass in training mode needs besides the data: what its dropout masks come from. */
export type EncoderTraining =
  /** A seed (uint32). */
  | { readonly dropoutSeed: number }
  /** What `encoderDropoutKeys` gives for a seed, as int32 tensor: for steps that are recorded and replayed. */
  | { readonly dropoutKeys: tf.Tensor1D };

const LAYERS_PER_PAIR = 2;
/** Keys of one layer: attention and feed-forward branch. */
const LAYER_KEYS = 2;
const LAYER_SEED_STEP = 0x9e3779b1;

/** Dropout keys of every layer, one layer after the other, for a seed (uint32): [2 * layers]. */
export function encoderDropoutKeys({ pairs }: EncoderConfig, dropoutSeed: number): Int32Array {
  const keys = new Int32Array(LAYER_KEYS * LAYERS_PER_PAIR * pairs);
  for (let layer = 0; layer < LAYERS_PER_PAIR * pairs; layer++)
    keys.set(dropoutKeys((dropoutSeed + layer * LAYER_SEED_STEP) >>> 0), LAYER_KEYS * layer);
  return keys;
}

/** The same as input of a recorded step; none where nothing is dropped. */
export function encoderDropoutInput(config: EncoderConfig, dropoutSeed: number): StepInput | undefined {
  return config.dropout === 0 || config.pairs === 0 ? undefined : vectorInput(encoderDropoutKeys(config, dropoutSeed));
}

/**
 * Alternating-attention encoder (CAASL, appendix D): linear embedding of (value, flag), pairs of pre-norm transformer
 * layers over variables and over rows, layer norm, max-pool over rows. Equivariant to permuting variables; invariant
 * to permuting rows and to padded rows.
 */
export class AlternatingEncoder {
  readonly #parameters: ParameterSet;
  readonly #prefix: string;
  readonly #layers: readonly { readonly axis: 'variables' | 'rows'; readonly weights: EncoderLayerWeights }[];

  constructor(
    scope: ParameterScope,
    readonly config: EncoderConfig,
  ) {
    this.#parameters = scope.parameters;
    this.#prefix = scope.prefix;
    addLinearLayer(scope, 'embedding', { outputs: config.width, inputs: HISTORY_CHANNELS });
    const axes = config.firstAxis === 'variables' ? (['variables', 'rows'] as const) : (['rows', 'variables'] as const);
    this.#layers = Array.from({ length: LAYERS_PER_PAIR * config.pairs }, (_, index) => ({
      axis: axes[index % 2]!,
      weights: addEncoderLayer(subScope(scope, `layer${index}`), config),
    }));
    addConstantVector(scope, 'norm/scale', config.width, 1);
    addConstantVector(scope, 'norm/bias', config.width, 0);
  }

  /** Histories -> one encoding per variable [B, d, D]. With `training`, dropout is applied. */
  encode({ channels, rowMask }: HistoryBatch, training?: EncoderTraining): tf.Tensor3D {
    const { dropout: rate, heads } = this.config;
    const keys = training === undefined || rate === 0 ? undefined : this.#dropoutKeys(training);
    const scope = { parameters: this.#parameters, prefix: this.#prefix };
    let hidden = applyLinearLayer(scope, 'embedding', channels) as tf.Tensor4D;
    this.#layers.forEach(({ axis, weights }, index) => {
      const layerKeys = keys && tf.slice1d(keys, LAYER_KEYS * index, LAYER_KEYS);
      hidden = encoderLayer(hidden, weights, {
        heads,
        axis,
        rowMask,
        dropout: layerKeys === undefined ? undefined : { rate, keys: layerKeys },
      });
    });
    const normalized = layerNorm(hidden, this.#vector('norm/scale'), this.#vector('norm/bias')) as tf.Tensor4D;
    return maskedMaxPool(normalized, rowMask);
  }

  #dropoutKeys(training: EncoderTraining): tf.Tensor1D {
    if ('dropoutKeys' in training) return training.dropoutKeys;
    return tf.tensor1d(encoderDropoutKeys(this.config, training.dropoutSeed), 'int32');
  }

  #vector(name: string): tf.Tensor1D {
    return this.#parameters.get(`${this.#prefix}/${name}`) as tf.Tensor1D;
  }
}

function addEncoderLayer(scope: ParameterScope, config: EncoderConfig): EncoderLayerWeights {
  const { width, heads } = config;
  if (config.keySize === undefined && width % heads !== 0)
    throw new CausalPilotError(
      'E_CONFIG',
      `encoder: 'width' ${width} is not divisible by 'heads' ${heads}; choose a multiple or set 'keySize'`,
    );
  const attentionWidth = heads * (config.keySize ?? width / heads);
  const feedForwardWidth = Math.round(config.feedForwardFactor * width);
  const linearLayer = (name: string, outputs: number, inputs: number) =>
    addLinearLayer(scope, name, { outputs, inputs });
  for (const norm of ['norm1', 'norm2']) {
    addConstantVector(scope, `${norm}/scale`, width, 1);
    addConstantVector(scope, `${norm}/bias`, width, 0);
  }
  linearLayer('inProjection', 3 * attentionWidth, width);
  linearLayer('outProjection', width, attentionWidth);
  linearLayer('feedForward1', feedForwardWidth, width);
  linearLayer('feedForward2', width, feedForwardWidth);
  const get = (name: string) => scope.parameters.get(`${scope.prefix}/${name}`);
  return {
    norm1Scale: get('norm1/scale'),
    norm1Bias: get('norm1/bias'),
    inProjectionWeight: get('inProjection/weight'),
    inProjectionBias: get('inProjection/bias'),
    outProjectionWeight: get('outProjection/weight'),
    outProjectionBias: get('outProjection/bias'),
    norm2Scale: get('norm2/scale'),
    norm2Bias: get('norm2/bias'),
    feedForward1Weight: get('feedForward1/weight'),
    feedForward1Bias: get('feedForward1/bias'),
    feedForward2Weight: get('feedForward2/weight'),
    feedForward2Bias: get('feedForward2/bias'),
  };
}
