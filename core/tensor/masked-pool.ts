import * as tf from '@tensorflow/tfjs';
import { checkShape } from '../errors.js';
import { FUSED_KERNELS, hasKernel, runFused } from './kernels.js';

// Shapes: B batch, n rows, d variables, D width; x [B, n, d, D], rowMask [B, n].

const LOWEST = -3.4e38;

/** 1 at the first row that attains the maximum, 0 elsewhere: [B, n, d, D]. */
function winners(masked: tf.Tensor4D): tf.Tensor4D {
  // tf.oneHot refuses a depth of 1.
  if (masked.shape[1] === 1) return tf.onesLike(masked);
  const oneHot = tf.oneHot(masked.argMax(1) as tf.Tensor3D, masked.shape[1]) as tf.Tensor;
  return oneHot.cast('float32').transpose([0, 3, 1, 2]) as tf.Tensor4D;
}

/** Composition of stock ops, the reference of the fused kernel. */
function maskedMaxPoolReference(x: tf.Tensor4D, rowMask?: tf.Tensor2D): tf.Tensor3D {
  const [batch, rows, variables, width] = x.shape;
  if (rows === 0) return tf.zeros([batch, variables, width]);
  const pool = tf.customGrad((input, save) => {
    const values = input as tf.Tensor4D;
    const mask = (rowMask ?? tf.ones([batch, rows])).reshape([batch, rows, 1, 1]);
    const masked = tf.where(mask.greater(0).tile([1, 1, variables, width]), values, tf.fill(values.shape, LOWEST));
    const anyRow = mask.max(1).greater(0).cast('float32');
    const pooled = tf.where(anyRow.greater(0).tile([1, variables, width]), masked.max(1), tf.zerosLike(masked.max(1)));
    (save as tf.GradSaveFunc)([winners(masked).mul(anyRow.reshape([batch, 1, 1, 1]))]);
    return {
      value: pooled,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => dy.expandDims(1).mul(saved[0]!),
    };
  });
  return tf.tidy(() => pool(x) as tf.Tensor3D);
}

/**
 * Max over the rows of x where rowMask is 1 (all rows when it is left out): [B, d, D]. The gradient goes to the first
 * row that attains the maximum. Without any valid row the result and its gradient are 0.
 *
 * @throws CausalPilotError E_SHAPE when x is not of rank 4 or rowMask is not [B, n].
 */
export function maskedMaxPool(x: tf.Tensor4D, rowMask?: tf.Tensor2D): tf.Tensor3D {
  checkShape('maskedMaxPool', 'x', x.shape, [-1, -1, -1, -1]);
  if (rowMask !== undefined) checkShape('maskedMaxPool', 'rowMask', rowMask.shape, [x.shape[0], x.shape[1]]);
  if (!hasKernel(FUSED_KERNELS.maskedMaxPool)) return maskedMaxPoolReference(x, rowMask);
  return runFused(FUSED_KERNELS.maskedMaxPool, { x, rowMask }, { rows: x.shape[1] })[0] as tf.Tensor3D;
}

tf.registerGradient({
  kernelName: FUSED_KERNELS.maskedMaxPool,
  outputsToSave: [false, true],
  gradFunc: (dy, saved, attributes) => {
    const [winner] = saved as [tf.Tensor];
    const dys = dy as unknown as tf.Tensor | tf.Tensor[];
    const [dx] = runFused(
      FUSED_KERNELS.maskedMaxPoolGradient,
      { dy: Array.isArray(dys) ? dys[0]! : dys, winner },
      attributes as Record<string, unknown>,
    );
    return { x: () => dx!, rowMask: () => tf.zeros([winner.shape[0]!, dx!.shape[1]!]) };
  },
});
