import * as tf from '@tensorflow/tfjs';
import { CausalPilotError, checkShape } from '../errors.js';
import { dropoutThreshold } from './dropout.js';
import {
  type EncoderLayerOptions,
  type EncoderLayerWeights,
  encoderLayerShapes,
  WEIGHT_NAMES,
} from './encoder-layer-contract.js';
import { encoderLayerReference } from './encoder-layer-reference.js';
import { FUSED_KERNELS, hasKernel, needWeightGradients, runFused } from './kernels.js';

// Shapes: B batch, n rows, d variables, D width, A = heads * key size, F feed-forward width.

/**
 * What the EncoderLayer and EncoderLayerGradient kernels receive beside the tensors x, rowMask ([0, 0] where no row is
 * padded), dropoutKeys (int32 [2], the hash keys of the attention and the feed-forward branch; [0] where nothing is
 * dropped), the weights and, for the gradient, dy; the gradient gives dx and, unless `weightGradients` is off, those of the
 * weights in order.
 */
export interface EncoderLayerAttributes {
  heads: number;
  axis: 'rows' | 'variables';
  dropoutRate: number;
  /** Below this a hash drops its element. */
  dropoutThreshold: number;
  weightGradients: boolean;
}

export { type EncoderLayerOptions, type EncoderLayerWeights, encoderLayerReference, WEIGHT_NAMES };

/** Shape errors of a call, before any backend sees it. */
function checkArguments(x: tf.Tensor4D, weights: EncoderLayerWeights, options: EncoderLayerOptions): void {
  checkShape('encoderLayer', 'x', x.shape, [-1, -1, -1, -1]);
  const [batch, rows, , width] = x.shape;
  const attention = weights.outProjectionWeight.shape[1] ?? 0;
  const hidden = weights.feedForward1Weight.shape[0] ?? 0;
  const wanted = encoderLayerShapes({ width, attention, hidden });
  for (const name of WEIGHT_NAMES) checkShape('encoderLayer', name, weights[name].shape, wanted[name]);
  if (options.rowMask !== undefined) checkShape('encoderLayer', 'rowMask', options.rowMask.shape, [batch, rows]);
  if (!Number.isInteger(options.heads) || options.heads < 1 || attention % options.heads !== 0) {
    throw new CausalPilotError(
      'E_SHAPE',
      `encoderLayer: 'heads' must divide the attention width ${attention}, got ${options.heads}`,
    );
  }
  if (options.dropout !== undefined) checkShape('encoderLayer', 'dropout.keys', options.dropout.keys.shape, [2]);
  const rate = options.dropout?.rate ?? 0;
  if (!(rate >= 0 && rate < 1)) {
    throw new CausalPilotError('E_CONFIG', `encoderLayer: 'dropout.rate' must be at least 0 and below 1, got ${rate}`);
  }
}

/**
 * Pre-norm transformer layer with ReLU and layer norm epsilon 1e-5 (arXiv:2002.04745): h = x + Attention(LN1 x), then
 * y = h + FF(LN2 h). Fused when the active backend registers the kernel, otherwise the composition of stock ops.
 * Differentiable in x and all weights.
 *
 * @param x - [B, n, d, D]
 * @returns [B, n, d, D]
 * @throws CausalPilotError E_SHAPE when shapes do not agree, E_CONFIG on a dropout rate outside [0, 1).
 */
export function encoderLayer(x: tf.Tensor4D, weights: EncoderLayerWeights, options: EncoderLayerOptions): tf.Tensor4D {
  checkArguments(x, weights, options);
  const [width, attention] = weights.outProjectionWeight.shape as [number, number];
  const sizes = { width, attention, heads: options.heads };
  if (!hasKernel(FUSED_KERNELS.encoderLayer, sizes)) return encoderLayerReference(x, weights, options);
  const rate = options.dropout?.rate ?? 0;
  const list = WEIGHT_NAMES.map((name) => weights[name]);
  const attributes: EncoderLayerAttributes = {
    heads: options.heads,
    axis: options.axis,
    dropoutRate: rate,
    dropoutThreshold: dropoutThreshold(rate),
    weightGradients: needWeightGradients(list),
  };
  // tfjs saves inputs by name, so they are always there; those of no numbers mean no padded row and no dropout.
  const rowMask = options.rowMask ?? tf.zeros([0, 0]);
  const dropoutKeys = options.dropout?.keys ?? tf.zeros([0], 'int32');
  const inputs: Record<string, tf.Tensor> = { x, rowMask, dropoutKeys };
  WEIGHT_NAMES.forEach((name, i) => {
    inputs[name] = list[i]!;
  });
  const output = runFused(FUSED_KERNELS.encoderLayer, inputs, { ...attributes })[0] as tf.Tensor4D;
  if (options.rowMask === undefined) rowMask.dispose();
  if (options.dropout === undefined) dropoutKeys.dispose();
  return output;
}

/**
 * The plain form: x [N, S, D] with key mask [N, S] (1 = keep), one sequence axis. Padded positions are copied through.
 *
 * @throws CausalPilotError as encoderLayer.
 */
export function sequenceEncoderLayer(
  x: tf.Tensor3D,
  weights: EncoderLayerWeights,
  options: { heads: number; keyMask?: tf.Tensor2D; dropout?: EncoderLayerOptions['dropout'] },
): tf.Tensor3D {
  checkShape('sequenceEncoderLayer', 'x', x.shape, [-1, -1, -1]);
  const [sequences, length, width] = x.shape;
  const { heads, keyMask, dropout } = options;
  return tf.tidy(() => {
    const input = x.reshape([sequences, length, 1, width]) as tf.Tensor4D;
    const output = encoderLayer(input, weights, { heads, axis: 'rows', rowMask: keyMask, dropout });
    return output.reshape([sequences, length, width]) as tf.Tensor3D;
  });
}

tf.registerGradient({
  kernelName: FUSED_KERNELS.encoderLayer,
  inputsToSave: ['x', 'rowMask', 'dropoutKeys', ...WEIGHT_NAMES],
  gradFunc: encoderLayerGradient,
});

/** One kernel call gives every gradient; it is made at once because thunks run in scopes of their own. */
function encoderLayerGradient(
  dy: tf.Tensor | tf.Tensor[],
  saved: tf.Tensor[],
  attributes: tf.NamedAttrMap,
): Record<string, () => tf.Tensor> {
  const [x, rowMask, dropoutKeys, ...weights] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, ...tf.Tensor[]];
  const inputs: Record<string, tf.Tensor> = { dy: dy as tf.Tensor, x, rowMask, dropoutKeys };
  WEIGHT_NAMES.forEach((name, i) => {
    inputs[name] = weights[i]!;
  });
  const gradients = runFused(FUSED_KERNELS.encoderLayerGradient, inputs, attributes as Record<string, unknown>);
  const thunks: Record<string, () => tf.Tensor> = {
    x: () => gradients[0]!,
    rowMask: () => tf.zerosLike(rowMask),
    dropoutKeys: () => tf.zeros(dropoutKeys.shape),
  };
  WEIGHT_NAMES.forEach((name, i) => {
    thunks[name] = () => gradients[1 + i]!;
  });
  return thunks;
}
