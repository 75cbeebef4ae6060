import * as tf from '@tensorflow/tfjs';
import { CausalPilotError, checkShape } from '../errors.js';
import { FUSED_KERNELS, hasKernel, needWeightGradients, runFused } from './kernels.js';
import {
  PAIR_LAYER_WEIGHTS,
  PAIR_MEAN_WEIGHTS,
  type PairLayerAttributes,
  type PairLayerWeights,
  pairLayerShapes,
} from './pair-layer-contract.js';
import { pairLayerReference } from './pair-layer-reference.js';

// Shapes: B batch, d variables, C channels; pairs [B, d, d, C].

export { PAIR_LAYER_WEIGHTS, PAIR_MEAN_WEIGHTS, type PairLayerWeights, pairLayerReference };

/**
 * One layer of the pair encoder. With n the layer norm (epsilon 1e-5) of the pairs, F, S, O, R, P, M, N linear to C (F, S) or 2C
 * units and Z linear back to C:
 *
 *   paths_ij = sum_k F(n_ik) S(n_kj) / sqrt(d), channel by channel
 *   y_ij = x_ij + Z relu(O(n_ij) + R(n_ji) + P(paths_ij) + M(mean over k of n_kj) + N(mean over k of n_ik))
 *
 * where the last two are left out by a layer without means. Fused when the active backend registers the kernel, otherwise a
 * composition of smaller ops. Differentiable in the pairs and all weights.
 *
 * @throws CausalPilotError E_SHAPE when shapes do not agree or only some of the means' weights are given.
 */
export function pairLayer(pairs: tf.Tensor4D, weights: PairLayerWeights): tf.Tensor4D {
  checkArguments(pairs, weights);
  if (!hasKernel(FUSED_KERNELS.pairLayer)) return pairLayerReference(pairs, weights);
  // tfjs saves inputs by name, so they are always there; means without numbers are none.
  const none = weights.sourceMeanWeight === undefined ? tf.zeros([0]) : undefined;
  const list = PAIR_LAYER_WEIGHTS.map((name) => weights[name] ?? none!);
  const inputs = Object.fromEntries(PAIR_LAYER_WEIGHTS.map((name, i) => [name, list[i]!]));
  const attributes: PairLayerAttributes = { weightGradients: needWeightGradients(list.filter((w) => w !== none)) };
  const output = runFused(FUSED_KERNELS.pairLayer, { pairs, ...inputs }, { ...attributes })[0] as tf.Tensor4D;
  none?.dispose();
  return output;
}

function checkArguments(pairs: tf.Tensor4D, weights: PairLayerWeights): void {
  const [, size, , channels] = pairs.shape;
  checkShape('pairLayer', 'pairs', pairs.shape, [-1, size, size, -1]);
  const shapes = pairLayerShapes(channels);
  for (const name of PAIR_LAYER_WEIGHTS) {
    const weight = weights[name];
    if (weight !== undefined) checkShape('pairLayer', name, weight.shape, shapes[name]);
  }
  const given = PAIR_MEAN_WEIGHTS.filter((name) => weights[name] !== undefined);
  if (given.length !== 0 && given.length !== PAIR_MEAN_WEIGHTS.length)
    throw new CausalPilotError(
      'E_SHAPE',
      `pairLayer: of the weights of the means only '${given.join("', '")}' are given; give all of them or none`,
    );
}

tf.registerGradient({
  kernelName: FUSED_KERNELS.pairLayer,
  inputsToSave: ['pairs', ...PAIR_LAYER_WEIGHTS],
  gradFunc: (dy, saved, attributes) => {
    const [pairs, ...weights] = saved as [tf.Tensor, ...tf.Tensor[]];
    const named = Object.fromEntries(PAIR_LAYER_WEIGHTS.map((name, i) => [name, weights[i]!]));
    // One kernel call gives every gradient; it is made at once because thunks run in scopes of their own.
    const inputs = { dy: dy as tf.Tensor, pairs, ...named };
    const gradients = runFused(FUSED_KERNELS.pairLayerGradient, inputs, attributes as Record<string, unknown>);
    const thunks: Record<string, () => tf.Tensor> = { pairs: () => gradients[0]! };
    PAIR_LAYER_WEIGHTS.forEach((name, i) => {
      thunks[name] = () => gradients[1 + i] ?? tf.zerosLike(weights[i]!);
    });
    return thunks;
  },
});
