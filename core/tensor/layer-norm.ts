import * as tf from '@tensorflow/tfjs';
import { checkShape } from '../errors.js';
import { FUSED_KERNELS, hasKernel, runFused } from './kernels.js';

// Shapes: x [..., D], scale [D], bias [D].

/** Composition of stock ops, the reference of the fused kernel. */
export function layerNormReference(x: tf.Tensor, scale: tf.Tensor1D, bias: tf.Tensor1D, epsilon = 1e-5): tf.Tensor {
  return tf.tidy(() => {
    const centred = x.sub(x.mean(-1, true));
    const variance = centred.square().mean(-1, true);
    return centred.mul(variance.add(epsilon).rsqrt()).mul(scale).add(bias);
  });
}

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + bias over the last axis, with the biased variance (arXiv:1607.06450).
 *
 * @throws CausalPilotError E_SHAPE when scale or bias is not [D].
 */
export function layerNorm(x: tf.Tensor, scale: tf.Tensor1D, bias: tf.Tensor1D, epsilon = 1e-5): tf.Tensor {
  const width = x.shape[x.rank - 1] ?? 1;
  checkShape('layerNorm', 'scale', scale.shape, [width]);
  checkShape('layerNorm', 'bias', bias.shape, [width]);
  if (!hasKernel(FUSED_KERNELS.layerNorm)) return layerNormReference(x, scale, bias, epsilon);
  return runFused(FUSED_KERNELS.layerNorm, { x, scale, bias }, { epsilon })[0]!;
}

tf.registerGradient({
  kernelName: FUSED_KERNELS.layerNorm,
  inputsToSave: ['x', 'scale'],
  gradFunc: (dy, saved, attributes) => {
    const [x, scale] = saved as [tf.Tensor, tf.Tensor];
    const { epsilon } = attributes as unknown as { epsilon: number };
    const [dx, dScale, dBias] = runFused(
      FUSED_KERNELS.layerNormGradient,
      { dy: dy as tf.Tensor, x, scale },
      { epsilon },
    );
    return { x: () => dx!, scale: () => dScale!, bias: () => dBias! };
  },
});
