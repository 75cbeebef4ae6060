import * as tf from '@tensorflow/tfjs';
import { dropoutFactors } from './dropout.js';
import type { EncoderLayerOptions, EncoderLayerWeights } from './encoder-layer-contract.js';
import { layerNormReference } from './layer-norm.js';
import { linearReference } from './linear.js';

// Shapes: B batch, n rows, d variables, D width, A attention width, K = A / heads key size;
// N sequences of length S in [N, S, D]: N = B * d and S = n along rows, N = B * n and S = d along variables.

const MASKED_SCORE = -1e9;

/** [N, S, A] -> [N, heads, S, K]. */
function splitHeads(x: tf.Tensor, heads: number): tf.Tensor4D {
  const [sequences, length, width] = x.shape as [number, number, number];
  return x.reshape([sequences, length, heads, width / heads]).transpose([0, 2, 1, 3]) as tf.Tensor4D;
}

/** Multi-head attention of x [N, S, D]; scoreBias [N, 1, 1, S] is added to the scores. */
function attention(x: tf.Tensor, weights: EncoderLayerWeights, heads: number, scoreBias?: tf.Tensor): tf.Tensor {
  const [width, attentionWidth] = weights.outProjectionWeight.shape as [number, number];
  const [query, key, value] = [0, 1, 2].map((part) => {
    const weight = weights.inProjectionWeight.slice([part * attentionWidth, 0], [attentionWidth, width]) as tf.Tensor2D;
    const bias = weights.inProjectionBias.slice([part * attentionWidth], [attentionWidth]) as tf.Tensor1D;
    return splitHeads(linearReference(x, weight, bias), heads);
  }) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const scores = tf.matMul(query, key, false, true).mul(1 / Math.sqrt(attentionWidth / heads));
  const probabilities = tf.softmax(scoreBias === undefined ? scores : scores.add(scoreBias));
  const mixed = tf.matMul(probabilities, value).transpose([0, 2, 1, 3]);
  return linearReference(
    mixed.reshape([x.shape[0]!, x.shape[1]!, attentionWidth]),
    weights.outProjectionWeight as tf.Tensor2D,
    weights.outProjectionBias as tf.Tensor1D,
  );
}

/** Brings [B, n, d, D] to sequences [N, S, D] along the axis. */
function toSequences(x: tf.Tensor4D, axis: EncoderLayerOptions['axis']): tf.Tensor {
  const [batch, rows, variables, width] = x.shape;
  if (axis === 'variables') return x.reshape([batch * rows, variables, width]);
  return x.transpose([0, 2, 1, 3]).reshape([batch * variables, rows, width]);
}

/** Undoes toSequences. */
function fromSequences(x: tf.Tensor, shape: readonly number[], axis: EncoderLayerOptions['axis']): tf.Tensor4D {
  const [batch, rows, variables, width] = shape as [number, number, number, number];
  if (axis === 'variables') return x.reshape([batch, rows, variables, width]);
  return x.reshape([batch, variables, rows, width]).transpose([0, 2, 1, 3]) as tf.Tensor4D;
}

/** The layer of encoderLayer composed of stock ops: its reference, and what runs on backends without the fused kernel. */
export function encoderLayerReference(
  x: tf.Tensor4D,
  weights: EncoderLayerWeights,
  options: EncoderLayerOptions,
): tf.Tensor4D {
  if (x.size === 0) return x.clone();
  return tf.tidy(() => {
    const [batch, rows, variables] = x.shape;
    const { axis, heads, rowMask, dropout } = options;
    const keys = dropout?.keys.dataSync<'int32'>();
    /** Drops elements of a branch and silences it in padded rows. */
    const masked = (branch: tf.Tensor4D, index: number): tf.Tensor4D => {
      let result = branch;
      if (dropout !== undefined && dropout.rate > 0) {
        result = result.mul(tf.tensor(dropoutFactors(x.size, dropout.rate, keys![index]!), x.shape));
      }
      return rowMask === undefined ? result : result.mul(rowMask.reshape([batch, rows, 1, 1]));
    };
    let scoreBias: tf.Tensor | undefined;
    if (rowMask !== undefined && axis === 'rows') {
      const bias = rowMask.sub(1).mul(-MASKED_SCORE).reshape([batch, 1, 1, 1, rows]);
      scoreBias = bias.tile([1, variables, 1, 1, 1]).reshape([batch * variables, 1, 1, rows]);
    }
    const norm1 = layerNormReference(x, weights.norm1Scale as tf.Tensor1D, weights.norm1Bias as tf.Tensor1D);
    const attended = attention(toSequences(norm1 as tf.Tensor4D, axis), weights, heads, scoreBias);
    const middle = x.add(masked(fromSequences(attended, x.shape, axis), 0)) as tf.Tensor4D;
    const norm2 = layerNormReference(middle, weights.norm2Scale as tf.Tensor1D, weights.norm2Bias as tf.Tensor1D);
    const hidden = linearReference(
      norm2,
      weights.feedForward1Weight as tf.Tensor2D,
      weights.feedForward1Bias as tf.Tensor1D,
      'relu',
    );
    const output = linearReference(
      hidden,
      weights.feedForward2Weight as tf.Tensor2D,
      weights.feedForward2Bias as tf.Tensor1D,
    );
    return middle.add(masked(output as tf.Tensor4D, 1));
  });
}
