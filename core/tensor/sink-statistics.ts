import * as tf from '@tensorflow/tfjs';
import { CausalPilotError, checkShape } from '../errors.js';
import { FUSED_KERNELS, hasKernel, runFused } from './kernels.js';
import type { SinkStatisticsAttributes } from './sink-statistics-contract.js';
import { sinkStatisticsReference } from './sink-statistics-reference.js';

// Shapes: B histories, n rows, d variables; channels [B, n, d, 2] (value, target flag), rowMask [B, n].

/**
 * Statistics of every ordered pair (i, j), [B, d, d, 15], from the Gram matrix G_j of sink j over the measured rows in which j
 * is no target: those alone say something about its mechanism (a shifted row would too, with its shift taken off, but the
 * channels do not hold shifts, so it is left out as well). 0 on the diagonal.
 *
 * With n_j rows, k = d - 1 other variables, s the noise variance, A = G_j over the others + k s (the ridge under coefficients
 * N(0, 1/k)), b = G_j of the others with j, beta = A^-1 b and rss = G_jj - b' beta:
 *
 *   0  beta_i, j regressed on all others                    1  its standard error sqrt((rss + s) / (n_j + 1) (A^-1)_ii)
 *   2  their ratio*                                         3  log((rss + s) / (n_j + 1)), residual variance given all others
 *   4  the same given i alone (ridge s)                     5  the same given none
 *   6  j regressed on i alone, b_i / (G_ii + s)             7  log Bayes factor of adding i to no parents*
 *   8  log Bayes factor of all others against all but i*    9  log(1 + M_ij) / 4, M_ij the rows in which i is a target
 *  10  log(1 + n_j) / 4                                    11  sum of y_i y_j over the M_ij rows*
 *  12  movement: mean of y_j in the M_ij rows minus its mean in the others, times M_ij / (M_ij + 1): what a knockout says
 *  13  its standard error                                  14  their ratio*
 *
 * Those with * grow without bound and enter as asinh. `centred` takes the mean over the sink's rows off G_j first;
 * `scaleFree` gives the Bayes factors under p(s) proportional to 1/s. Relabelling the variables relabels both axes; neither
 * the order of rows nor padding matters. Differentiable in the values, not in the flags.
 *
 * @throws CausalPilotError E_SHAPE when channels is not [B, n, d, 2] or rowMask is not [B, n]; E_INPUT for a noise variance
 * that is not positive.
 */
export function sinkStatistics(
  channels: tf.Tensor4D,
  rowMask: tf.Tensor2D | undefined,
  attributes: SinkStatisticsAttributes,
): tf.Tensor4D {
  checkShape('sinkStatistics', 'channels', channels.shape, [-1, -1, -1, 2]);
  if (rowMask !== undefined)
    checkShape('sinkStatistics', 'rowMask', rowMask.shape, [channels.shape[0], channels.shape[1]]);
  if (!(attributes.noiseVariance > 0))
    throw new CausalPilotError(
      'E_INPUT',
      `sinkStatistics: 'noiseVariance' must be positive, got ${attributes.noiseVariance}`,
    );
  if (!hasKernel(FUSED_KERNELS.sinkStatistics)) return sinkStatisticsReference(channels, rowMask, attributes);
  // Inputs that are saved for the gradient cannot be left out: no mask is a mask without entries.
  const mask = rowMask ?? tf.zeros([0, 0]);
  const result = runFused(FUSED_KERNELS.sinkStatistics, { channels, rowMask: mask }, { ...attributes });
  if (rowMask === undefined) mask.dispose();
  return result[0] as tf.Tensor4D;
}

tf.registerGradient({
  kernelName: FUSED_KERNELS.sinkStatistics,
  inputsToSave: ['channels', 'rowMask'],
  gradFunc: (dy, saved, attributes) => {
    const [channels, rowMask] = saved as [tf.Tensor, tf.Tensor];
    const inputs = { dy: dy as tf.Tensor, channels, rowMask };
    return {
      channels: () => runFused(FUSED_KERNELS.sinkStatisticsGradient, inputs, { ...attributes })[0]!,
      rowMask: () => tf.zerosLike(rowMask),
    };
  },
});
