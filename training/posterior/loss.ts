import * as tf from '@tensorflow/tfjs';

// Shapes: B datasets, d variables.

/** 1 off the diagonal, 0 on it: [d, d]. */
export function offDiagonalMask(size: number): tf.Tensor2D {
  return tf.sub(1, tf.eye(size)) as tf.Tensor2D;
}

/**
 * Mean over datasets and off-diagonal entries of the binary cross-entropy of the true edges (AVICI, eq. 5), in nats:
 * softplus(logit) - edge * logit.
 */
export function edgeCrossEntropy(logits: tf.Tensor3D, graphs: tf.Tensor3D): tf.Scalar {
  const [batch, size] = logits.shape;
  const perEntry = tf.sub(tf.softplus(logits), tf.mul(graphs, logits));
  const total = tf.sum(tf.mul(perEntry, offDiagonalMask(size)));
  return tf.div(total, Math.max(1, batch * size * (size - 1))) as tf.Scalar;
}

const POWER_ITERATIONS = 10;
/** Keeps quotients finite where a matrix is nilpotent in float32; far below 1/d, the size of u'v otherwise. */
const SMALLEST_PRODUCT = 1e-8;

/** The identity whose gradient is zero. */
const stopGradient = tf.customGrad((x) => ({
  value: (x as tf.Tensor).clone(),
  gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
}));

/**
 * Mean spectral radius of the edge-probability matrices by power iteration from both sides (AVICI, section 4.3):
 * rho = u'Pv / u'v. Zero for a nilpotent (acyclic) matrix in the limit. The iterates are renormalised at every step,
 * which keeps them in range as the log-space form does, and are constants of the gradient: d rho / dP = u v' / u'v.
 */
export function spectralRadius(logits: tf.Tensor3D): tf.Scalar {
  const [batch, size] = logits.shape;
  const probabilities = tf.mul(tf.sigmoid(logits), offDiagonalMask(size)) as tf.Tensor3D;
  const fixed = stopGradient(probabilities) as tf.Tensor3D;
  let right = tf.fill([batch, size, 1], 1 / size) as tf.Tensor3D;
  let left = right;
  for (let step = 0; step < POWER_ITERATIONS; step++) {
    right = normalizeColumn(tf.matMul(fixed, right));
    left = normalizeColumn(tf.matMul(fixed, left, true, false));
  }
  const numerator = tf.sum(tf.mul(left, tf.matMul(probabilities, right)), [1, 2]);
  const denominator = tf.sum(tf.mul(left, right), [1, 2]);
  return tf.mean(tf.div(numerator, tf.add(denominator, SMALLEST_PRODUCT)));
}

/** Scales each non-negative vector [B, d, 1] to sum 1. */
function normalizeColumn(vector: tf.Tensor3D): tf.Tensor3D {
  return tf.div(vector, tf.add(tf.sum(vector, 1, true), SMALLEST_PRODUCT)) as tf.Tensor3D;
}
