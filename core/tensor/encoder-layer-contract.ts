import type * as tf from '@tensorflow/tfjs';

// Shapes: B batch, n rows, d variables, D width, A = heads * key size, F feed-forward width.

/** Weights of one layer; linear weights are [out, in]. */
export interface EncoderLayerWeights<T = tf.Tensor> {
  /** [D] */ norm1Scale: T;
  /** [D] */ norm1Bias: T;
  /** [3A, D]: query, key and value stacked. */ inProjectionWeight: T;
  /** [3A] */ inProjectionBias: T;
  /** [D, A] */ outProjectionWeight: T;
  /** [D] */ outProjectionBias: T;
  /** [D] */ norm2Scale: T;
  /** [D] */ norm2Bias: T;
  /** [F, D] */ feedForward1Weight: T;
  /** [F] */ feedForward1Bias: T;
  /** [D, F] */ feedForward2Weight: T;
  /** [D] */ feedForward2Bias: T;
}

export interface EncoderLayerOptions {
  heads: number;
  /** Which axis of x [B, n, d, D] attends: 'rows' (sequences of n, one per variable) or 'variables' (of d, one per row). */
  axis: 'rows' | 'variables';
  /** [B, n], 1 = real row, 0 = padding. Padded rows are never attended to and are copied through unchanged. */
  rowMask?: tf.Tensor2D;
  /**
   * Residual dropout on both branches, inverted scaling; `keys` [2] int32 is what `dropoutKeys` gives for a seed (see
   * dropoutMask for the mask). A tensor, so that a recorded step can be replayed with other masks.
   */
  dropout?: { rate: number; keys: tf.Tensor1D };
}

/** Order in which kernels receive the weights and return their gradients. */
export const WEIGHT_NAMES = [
  'norm1Scale',
  'norm1Bias',
  'inProjectionWeight',
  'inProjectionBias',
  'outProjectionWeight',
  'outProjectionBias',
  'norm2Scale',
  'norm2Bias',
  'feedForward1Weight',
  'feedForward1Bias',
  'feedForward2Weight',
  'feedForward2Bias',
] as const satisfies readonly (keyof EncoderLayerWeights)[];

/** Shapes of one layer's weights for widths D, A and F. */
export function encoderLayerShapes(sizes: {
  readonly width: number;
  readonly attention: number;
  readonly hidden: number;
}): Record<keyof EncoderLayerWeights, number[]> {
  const { width, attention, hidden } = sizes;
  return {
    norm1Scale: [width],
    norm1Bias: [width],
    inProjectionWeight: [3 * attention, width],
    inProjectionBias: [3 * attention],
    outProjectionWeight: [width, attention],
    outProjectionBias: [width],
    norm2Scale: [width],
    norm2Bias: [width],
    feedForward1Weight: [hidden, width],
    feedForward1Bias: [hidden],
    feedForward2Weight: [width, hidden],
    feedForward2Bias: [width],
  };
}
