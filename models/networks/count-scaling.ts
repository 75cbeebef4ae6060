import * as tf from '@tensorflow/tfjs';
import { standardizedChannels } from './differentiable-scaling.js';
import type { InputScaling } from './encoder-config.js';
import { EQUAL_LOGS, type HistoryBatch } from './history-batch.js';

// Shapes: B histories, n rows, d variables.

/** Larger than any log2 of counts per million. */
const BEYOND_ALL_LOGS = 1e6;

/** The batch as a model with this `scaling` reads it: the posterior's own scalings, on the active backend. */
export function scaledBatch(batch: HistoryBatch, scaling: InputScaling): HistoryBatch {
  if (scaling === 'keep') return batch;
  if (scaling === 'standardize') return { ...batch, channels: standardizedChannels(batch.channels, batch.rowMask) };
  return { ...batch, channels: tf.tidy(() => scaleCounts(batch.channels)) };
}

/** Padded rows hold zeros, which are left out like every other zero count. */
function scaleCounts(channels: tf.Tensor4D): tf.Tensor4D {
  const [counts, flags] = tf.split(channels, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
  const measured = tf.greater(counts, 0);
  const present = tf.cast(measured, 'float32');
  const entries = tf.maximum(tf.sum(present, [1, 2, 3], true), 1);
  const total = tf.sum(counts, 2, true);
  const library = tf.where(tf.greater(total, 0), total, tf.onesLike(total));
  const perMillion = tf.where(measured, tf.div(tf.mul(counts, 1e6), library), tf.onesLike(counts));
  const logs = tf.div(tf.log(perMillion), Math.LN2);
  const smallest = tf.min(tf.where(measured, logs, tf.fill(logs.shape, BEYOND_ALL_LOGS)), [1, 2, 3], true);
  const mean = tf.div(tf.sum(logs, [1, 2, 3], true), entries);
  const squares = tf.mul(present, tf.square(tf.sub(logs, mean)));
  const deviation = tf.sqrt(tf.div(tf.sum(squares, [1, 2, 3], true), entries));
  const unit = tf.where(tf.greater(deviation, EQUAL_LOGS), deviation, tf.onesLike(deviation));
  const scaled = tf.where(measured, tf.div(tf.sub(logs, smallest), unit), tf.zerosLike(logs));
  return tf.concat4d([scaled as tf.Tensor4D, flags], 3);
}
