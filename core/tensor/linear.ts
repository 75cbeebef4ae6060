import * as tf from '@tensorflow/tfjs';
import { CausalPilotError, checkShape } from '../errors.js';
import { FUSED_KERNELS, hasKernel, needWeightGradients, runFused } from './kernels.js';

// Shapes: I inputs, O outputs; x [..., I], weight [O, I], bias [O], result [..., O].

/** Composition of stock ops, the reference of the fused kernel. */
export function linearReference(x: tf.Tensor, weight: tf.Tensor2D, bias?: tf.Tensor1D, activation?: 'relu'): tf.Tensor {
  return tf.tidy(() => {
    const [outputs, inputs] = weight.shape;
    let y: tf.Tensor = tf.matMul(x.reshape([-1, inputs]), weight, false, true);
    if (bias !== undefined) y = y.add(bias);
    if (activation === 'relu') y = y.relu();
    return y.reshape([...x.shape.slice(0, -1), outputs]);
  });
}

/**
 * x weight^T + bias over the last axis, then the activation.
 *
 * @throws CausalPilotError E_SHAPE when the widths do not agree.
 */
export function linear(x: tf.Tensor, weight: tf.Tensor2D, bias?: tf.Tensor1D, activation?: 'relu'): tf.Tensor {
  if (x.rank < 1) throw new CausalPilotError('E_SHAPE', "linear: 'x' must have at least one axis, got a scalar");
  checkShape('linear', 'weight', weight.shape, [-1, x.shape[x.rank - 1]!]);
  if (bias !== undefined) checkShape('linear', 'bias', bias.shape, [weight.shape[0]]);
  if (!hasKernel(FUSED_KERNELS.linear)) return linearReference(x, weight, bias, activation);
  const weights = bias === undefined ? [weight] : [weight, bias];
  const attributes = { activation: activation ?? 'none', weightGradients: needWeightGradients(weights) };
  return runFused(FUSED_KERNELS.linear, { x, weight, bias }, attributes)[0]!;
}

tf.registerGradient({
  kernelName: FUSED_KERNELS.linear,
  inputsToSave: ['x', 'weight'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attributes) => {
    const [x, weight, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const [dx, dWeight, dBias] = runFused(
      FUSED_KERNELS.linearGradient,
      { dy: dy as tf.Tensor, x, weight, y },
      attributes as Record<string, unknown>,
    );
    return { x: () => dx!, weight: () => dWeight!, bias: () => dBias! };
  },
});
