import * as tf from '@tensorflow/tfjs';

// Shapes: B histories, n0 rows at the start, r rows per experiment, d variables.

/**
 * The start of B histories [B, n0, d, 2], a constant and absent where n0 = 0, followed by `experiments`, each [B, r, d, 2]:
 * what tf.concat gives along the rows, with a gradient that reads only the rows of experiments and copies them as blocks.
 */
export function appendRows(start: tf.Tensor4D | undefined, experiments: readonly tf.Tensor4D[]): tf.Tensor4D {
  const constant = start === undefined ? [] : [start];
  if (experiments.length === 0) return tf.concat(constant, 1);
  const append = tf.customGrad((...given) => {
    const parts = (given as tf.Tensor4D[]).slice(0, experiments.length);
    return {
      value: tf.concat([...constant, ...parts], 1),
      gradFunc: (dy: tf.Tensor) => rowBlocks(dy as tf.Tensor4D, start?.shape[1] ?? 0, parts),
    };
  });
  return append(...experiments) as tf.Tensor4D;
}

/** The rows of dy [B, n, d, 2] that belong to each part. */
function rowBlocks(dy: tf.Tensor4D, startRows: number, parts: readonly tf.Tensor4D[]): tf.Tensor[] {
  const [batch, rows, size, channels] = dy.shape;
  const perRow = size * channels;
  const numbers = dy.dataSync<'float32'>();
  let first = startRows;
  return parts.map(({ shape }) => {
    const length = shape[1] * perRow;
    const block = new Float32Array(batch * length);
    for (let b = 0; b < batch; b++) {
      const from = (b * rows + first) * perRow;
      block.set(numbers.subarray(from, from + length), b * length);
    }
    first += shape[1];
    return tf.tensor(block, shape);
  });
}
