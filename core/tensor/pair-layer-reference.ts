import * as tf from '@tensorflow/tfjs';
import { layerNorm } from './layer-norm.js';
import { linear } from './linear.js';
import type { PairLayerWeights } from './pair-layer-contract.js';

/** Composition of smaller ops, the reference of the fused kernel. */
export function pairLayerReference(pairs: tf.Tensor4D, weights: PairLayerWeights): tf.Tensor4D {
  return tf.tidy(() => {
    const size = pairs.shape[1];
    const read = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) =>
      linear(x, weight as tf.Tensor2D, bias as tf.Tensor1D);
    const normed = layerNorm(pairs, weights.normScale as tf.Tensor1D, weights.normBias as tf.Tensor1D);
    const first = read(normed, weights.firstWeight, weights.firstBias) as tf.Tensor4D;
    const second = read(normed, weights.secondWeight, weights.secondBias) as tf.Tensor4D;
    const paths = tf.mul(pathProducts(first, second), 1 / Math.sqrt(size));
    // One product for each input and a sum: what a concatenation would give, whose gradient is slow slicing.
    const terms = [
      read(normed, weights.ownWeight, weights.ownBias),
      read(tf.transpose(normed, [0, 2, 1, 3]), weights.reverseWeight, weights.reverseBias),
      read(paths, weights.pathsWeight, weights.pathsBias),
    ];
    const { sourceMeanWeight, sourceMeanBias, sinkMeanWeight, sinkMeanBias } = weights;
    for (const [axis, weight, bias] of [
      [1, sourceMeanWeight, sourceMeanBias],
      [2, sinkMeanWeight, sinkMeanBias],
    ] as const)
      if (weight !== undefined && bias !== undefined)
        terms.push(tf.expandDims(read(tf.mul(tf.sum(normed, axis), 1 / size), weight, bias), axis));
    const hidden = tf.relu(terms.reduce((sum, term) => tf.add(sum, term)));
    return tf.add(pairs, read(hidden, weights.outputWeight, weights.outputBias)) as tf.Tensor4D;
  });
}

/** sum over k of first_ik * second_kj, channel by channel. */
function pathProducts(first: tf.Tensor4D, second: tf.Tensor4D): tf.Tensor4D {
  const [left, right] = [first, second].map((pairs) => tf.transpose(pairs, [0, 3, 1, 2])) as [tf.Tensor, tf.Tensor];
  return tf.transpose(tf.matMul(left, right), [0, 2, 3, 1]) as tf.Tensor4D;
}
