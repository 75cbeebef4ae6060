import * as tf from '@tensorflow/tfjs';
import type { SinkStatisticsAttributes } from './sink-statistics-contract.js';
import { stackLastAxis } from './stack-last-axis.js';

// Shapes: B histories, n rows, d variables. Matrices of sinks are [B, d (sink j), d, d], pairs [B, d (sink j), d (source i)].

/** Brings logarithms of row counts to order 1. */
const LOG_COUNT_SCALE = 0.25;

/** `sinkStatistics` as a composition of stock ops: the reference of the fused kernel, and what other backends run. */
export function sinkStatisticsReference(
  channels: tf.Tensor4D,
  rowMask: tf.Tensor2D | undefined,
  attributes: SinkStatisticsAttributes,
): tf.Tensor4D {
  return tf.tidy(() => {
    const [, , size] = channels.shape;
    const sums = sumsOverRows(channels, rowMask, attributes.centred);
    const regression = regressSinks(sums, attributes.noiseVariance, size);
    const statistics = [
      ...regressionStatistics(sums, regression, attributes),
      ...countStatistics(sums),
      ...movementStatistics(sums, attributes.noiseVariance),
    ];
    const others = tf.sub(1, tf.eye(size));
    return stackLastAxis(statistics.map((pairs) => tf.transpose(tf.mul(pairs, others), [0, 2, 1]))) as tf.Tensor4D;
  });
}

interface Sums {
  /** [B, j, d, d] */ readonly gram: tf.Tensor4D;
  /** [B, j, i]: G_ij, 0 at i = j. */ readonly right: tf.Tensor;
  /** [B, j, i]: G_ii. */ readonly source: tf.Tensor;
  /** [B, j, 1]: G_jj. */ readonly variance: tf.Tensor;
  /** [B, j, 1]: n_j. */ readonly rows: tf.Tensor;
  /** [B, j, 1]: sum of y_j. */ readonly total: tf.Tensor;
  /** [B, j, i] each, over rows in which i is a target: their number, sum of y_i y_j, sum of y_j. */
  readonly targetRows: tf.Tensor;
  readonly product: tf.Tensor;
  readonly response: tf.Tensor;
}

function sumsOverRows(channels: tf.Tensor4D, rowMask: tf.Tensor2D | undefined, centred: boolean): Sums {
  const [batch, rows, size] = channels.shape;
  const values = tf.sum(tf.mul(channels, [1, 0]), 3) as tf.Tensor3D;
  const flags = tf.sum(tf.mul(channels, [0, 1]), 3) as tf.Tensor3D;
  const measured = rowMask === undefined ? tf.ones([batch, rows, 1]) : tf.expandDims(rowMask, 2);
  const free = tf.mul(tf.sub(1, flags), measured) as tf.Tensor3D;
  const targets = tf.mul(flags, measured) as tf.Tensor3D;
  const freeValues = tf.mul(free, values) as tf.Tensor3D;
  const overRows = (sink: tf.Tensor3D, source: tf.Tensor3D) => tf.matMul(sink, source, true, false);
  const identity = tf.eye(size);

  const weighted = tf.mul(tf.expandDims(free, 3), tf.expandDims(values, 2));
  const flat = tf.reshape(weighted, [batch, rows, size * size]) as tf.Tensor3D;
  let gram = tf.reshape(overRows(flat, values), [batch, size, size, size]) as tf.Tensor4D;
  const rowsOfSink = tf.expandDims(tf.sum(free, 1), 2);
  if (centred) {
    const sum = overRows(free, values);
    const products = tf.mul(tf.expandDims(sum, 3), tf.expandDims(sum, 2));
    gram = tf.sub(gram, tf.div(products, tf.expandDims(tf.maximum(rowsOfSink, 1), 3))) as tf.Tensor4D;
  }
  const withSink = tf.sum(tf.mul(gram, tf.reshape(identity, [1, size, 1, size])), 3);
  return {
    gram,
    right: tf.mul(withSink, tf.sub(1, identity)),
    source: tf.sum(tf.mul(gram, identity), 3),
    variance: tf.sum(tf.mul(withSink, identity), 2, true),
    rows: rowsOfSink,
    total: tf.expandDims(tf.sum(freeValues, 1), 2),
    targetRows: overRows(free, targets),
    product: overRows(freeValues, tf.mul(targets, values) as tf.Tensor3D),
    response: overRows(freeValues, targets),
  };
}

interface Regression {
  /** [B, j, i]: beta, 0 at i = j. */ readonly coefficient: tf.Tensor;
  /** [B, j, i]: (A^-1)_ii, 1/ridge at i = j. */ readonly diagonal: tf.Tensor;
  /** [B, j, 1]: rss. */ readonly residual: tf.Tensor;
  readonly ridge: number;
}

/** The sink's own row and column are 0 beside the ridge, which leaves the inverse over the others as it is. */
function regressSinks({ gram, right, variance }: Sums, noiseVariance: number, size: number): Regression {
  const ridge = noiseVariance * Math.max(1, size - 1);
  const identity = tf.eye(size);
  const others = tf.sub(1, identity);
  const withoutSink = tf.mul(tf.mul(gram, tf.expandDims(others, 2)), tf.expandDims(others, 1));
  const inverse = invertPositive(tf.add(withoutSink, tf.mul(identity, ridge)) as tf.Tensor4D);
  const coefficient = tf.sum(tf.mul(inverse, tf.expandDims(right, 2)), 3);
  const residual = tf.relu(tf.sub(variance, tf.sum(tf.mul(right, coefficient), 2, true)));
  return { coefficient, diagonal: tf.sum(tf.mul(inverse, identity), 3), residual, ridge };
}

/**
 * Inverses of symmetric positive definite matrices [..., d, d] by the symmetric sweep operator, one variable after the other:
 * with p the pivot and w its column minus the unit vector e, M becomes M - w w' / p - 2 e e'; the last is -M^-1.
 */
function invertPositive(matrices: tf.Tensor4D): tf.Tensor4D {
  const size = matrices.shape[3];
  const identity = tf.eye(size);
  let swept: tf.Tensor = matrices;
  for (let variable = 0; variable < size; variable++) {
    const unit = tf.slice(identity, [variable, 0], [1, size]);
    const column = tf.sum(tf.mul(swept, unit), 3);
    const pivot = tf.sum(tf.mul(column, unit), 2, true);
    const away = tf.sub(column, unit);
    const outer = tf.mul(tf.expandDims(away, 3), tf.expandDims(tf.div(away, pivot), 2));
    swept = tf.sub(tf.sub(swept, outer), tf.mul(2, tf.matMul(unit, unit, true, false)));
  }
  return tf.neg(swept) as tf.Tensor4D;
}

function regressionStatistics(
  { right, source, variance, rows }: Sums,
  { coefficient, diagonal, residual, ridge }: Regression,
  { noiseVariance, scaleFree }: SinkStatisticsAttributes,
): tf.Tensor[] {
  const countedRows = tf.add(rows, 1);
  const logVariance = (squares: tf.Tensor) => tf.log(tf.div(tf.add(squares, noiseVariance), countedRows));
  const error = tf.sqrt(tf.mul(tf.div(tf.add(residual, noiseVariance), countedRows), diagonal));
  const sourceRidge = tf.add(source, noiseVariance);
  const residualOfSource = tf.relu(tf.sub(variance, tf.div(tf.square(right), sourceRidge)));
  // Without a source the ridge residual grows by beta_i^2 / (A^-1)_ii.
  const lost = tf.div(tf.square(coefficient), diagonal);
  const [given, givenSource, givenNone] = [residual, residualOfSource, variance].map(logVariance) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const halfRows = tf.mul(rows, 0.5);
  const gain = scaleFree
    ? {
        adding: tf.mul(halfRows, tf.sub(givenNone, givenSource)),
        taking: tf.mul(halfRows, tf.sub(logVariance(tf.add(residual, lost)), given)),
      }
    : {
        adding: tf.div(tf.mul(tf.square(right), 0.5 / noiseVariance), sourceRidge),
        taking: tf.mul(lost, 0.5 / noiseVariance),
      };
  const adding = tf.sub(gain.adding, tf.mul(0.5, tf.log(tf.div(sourceRidge, noiseVariance))));
  const taking = tf.add(gain.taking, tf.mul(0.5, tf.log(tf.mul(diagonal, ridge))));
  const sameForAllSources = tf.onesLike(right);
  return [
    coefficient,
    error,
    asinh(tf.div(coefficient, error)),
    tf.mul(given, sameForAllSources),
    givenSource,
    tf.mul(givenNone, sameForAllSources),
    tf.div(right, sourceRidge),
    asinh(adding),
    asinh(taking),
  ];
}

function countStatistics({ targetRows, rows, product }: Sums): tf.Tensor[] {
  const sameForAllSources = tf.onesLike(targetRows);
  return [
    tf.mul(LOG_COUNT_SCALE, tf.log1p(targetRows)),
    tf.mul(sameForAllSources, tf.mul(LOG_COUNT_SCALE, tf.log1p(rows))),
    asinh(product),
  ];
}

function movementStatistics({ targetRows, rows, response, total, variance }: Sums, noiseVariance: number): tf.Tensor[] {
  const otherRows = tf.sub(rows, targetRows);
  const countedTargetRows = tf.add(targetRows, 1);
  const meanElsewhere = tf.div(tf.sub(total, response), tf.maximum(otherRows, 1));
  const movement = tf.div(tf.sub(response, tf.mul(targetRows, meanElsewhere)), countedTargetRows);
  const perRow = tf.add(tf.reciprocal(countedTargetRows), tf.reciprocal(tf.add(otherRows, 1)));
  const rowVariance = tf.div(tf.add(variance, noiseVariance), tf.add(rows, 1));
  const error = tf.sqrt(tf.mul(rowVariance, perRow));
  return [movement, error, asinh(tf.div(movement, error))];
}

/** By the absolute value, since x + sqrt(x^2 + 1) loses all digits of a large negative x; wasm has no asinh of its own. */
function asinh(x: tf.Tensor): tf.Tensor {
  const size = tf.abs(x);
  const sign = tf.sub(tf.mul(2, tf.step(x)), 1);
  return tf.mul(sign, tf.log(tf.add(size, tf.sqrt(tf.add(tf.square(size), 1)))));
}
