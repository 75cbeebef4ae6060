import * as tf from '@tensorflow/tfjs';
import { stackLastAxis } from '../../core/tensor/stack-last-axis.js';
import { flagsOf, valuesOf } from './differentiable-scaling.js';
import type { HistoryBatch } from './history-batch.js';

// Shapes: B histories, n rows, d variables.

/** Numbers that `pairStatistics` gives for every ordered pair. */
export const PAIR_STATISTICS = 9;

/** Keep quotients finite where a pair was never measured together or a source never moved. */
const PRIOR_ROWS = 1;
const PRIOR_ENERGY = 0.1;
/** Brings logarithms of row counts to order 1. */
const LOG_COUNT_SCALE = 0.25;

/**
 * Moments of every ordered pair (i, j) of scaled histories, [B, d, d, 9], over measured rows in which j is no target, since
 * those alone say something about what moves j. With x the values, over the N_ij rows in which neither is a target and the
 * M_ij rows in which only i is one, E_ij the sum of x_i^2 over the latter, and means over N_ij + 1 rows:
 *
 *   0  covariance where neither is a target
 *   1  sum x_i x_j / (E_ij + 0.1) where i is a target (slope of the response, shrunk towards 0)
 *   2  sum x_i x_j / sqrt(E_ij + 1) where i is a target (the slope in units of its own error at residual variance 1)
 *   3  sum x_i x_j / (N_j + 1) over all of them
 *   4  sum of (x_j - its mean where neither is) / (M_ij + 1) where i is a target: what a knockout says, whose value is 0
 *   5  the same times sqrt(M_ij + 1), in units of its own error
 *   6  log(1 + E_ij): how strongly i was moved
 *   7  log(1 + N_ij) / 4
 *   8  log(1 + M_ij) / 4
 *
 * Relabelling the variables relabels both axes; neither the order of rows nor padding matters. Differentiable in the values.
 */
export function pairStatistics({ channels, rowMask }: HistoryBatch): tf.Tensor4D {
  const [values, flags] = [valuesOf(channels), flagsOf(channels)];
  const unflagged = tf.sub(1, flags);
  const free = (rowMask === undefined ? unflagged : tf.mul(unflagged, tf.expandDims(rowMask, 2))) as tf.Tensor3D;
  const freeValues = tf.mul(free, values) as tf.Tensor3D;
  const targetValues = tf.mul(flags, values) as tf.Tensor3D;
  const product = (left: tf.Tensor3D, right: tf.Tensor3D) => tf.matMul(left, right, true, false);
  const observed = product(freeValues, freeValues);
  const response = product(targetValues, freeValues);
  const energy = product(tf.mul(targetValues, values) as tf.Tensor3D, free);
  const [freeRows, targetRows] = [product(free, free), product(flags, free)];
  const perFreeRow = tf.reciprocal(tf.add(freeRows, PRIOR_ROWS));
  const sourceMean = tf.mul(product(freeValues, free), perFreeRow);
  const sinkMean = tf.mul(product(free, freeValues), perFreeRow);
  const countedTargetRows = tf.add(targetRows, PRIOR_ROWS);
  const movement = tf.sub(product(flags, freeValues), tf.mul(targetRows, sinkMean));
  const rowsOfSink = tf.expandDims(tf.sum(free, 1), 1);
  return stackLastAxis([
    tf.sub(tf.mul(observed, perFreeRow), tf.mul(sourceMean, sinkMean)),
    tf.div(response, tf.add(energy, PRIOR_ENERGY)),
    tf.mul(response, tf.rsqrt(tf.add(energy, 1))),
    tf.div(tf.add(observed, response), tf.add(rowsOfSink, PRIOR_ROWS)),
    tf.div(movement, countedTargetRows),
    tf.mul(movement, tf.rsqrt(countedTargetRows)),
    tf.log1p(energy),
    tf.mul(LOG_COUNT_SCALE, tf.log1p(freeRows)),
    tf.mul(LOG_COUNT_SCALE, tf.log1p(targetRows)),
  ]) as tf.Tensor4D;
}
