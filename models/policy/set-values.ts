import * as tf from '@tensorflow/tfjs';
import type { HistoryEncoding } from '../networks/history-encoder.js';
import { type ParameterScope, subScope } from '../networks/initialization.js';
import { addLinearLayer, applyLinearLayer } from '../networks/linear-layer.js';
import { Mlp } from '../networks/mlp.js';

// Shapes: B histories, S sets of targets, d variables, D width, C channels of a pair, H hidden width.

export interface SetValuesOptions {
  /** D and C of the encodings. */
  readonly width: number;
  readonly channels: number;
  /** Hidden widths (ReLU); the first one is H. */
  readonly hidden: readonly number[];
}

/** Linear maps to the first hidden layer and what they read. */
const TERMS = ['forward', 'backward', 'variable', 'count'] as const;

/**
 * The value of measuring under an intervention on a set of targets, from one encoding of the history for all sets: a sum over
 * the variables j that are left alone of what the targets, taken together, and j itself say,
 *
 *   Q(S) = sum_{j not in S} f(sum_{i in S} p_ij, sum_{i in S} p_ji, v_j, |S|) + sum_{i in S} g(v_i),
 *
 * with MLPs f and g, encodings p of ordered pairs and v of variables. Invariant to the order of variables.
 */
export class SetValues {
  readonly #scope: ParameterScope;
  readonly #hidden: number;
  readonly #spared: Mlp;
  readonly #target: Mlp;

  /** Parameters are named `spared/...` and `target/...` below the scope. */
  constructor(scope: ParameterScope, { width, channels, hidden: [first = width, ...further] }: SetValuesOptions) {
    this.#scope = subScope(scope, 'spared');
    this.#hidden = first;
    const inputs = { forward: channels, backward: channels, variable: width, count: 1 };
    for (const term of TERMS) addLinearLayer(this.#scope, term, { outputs: first, inputs: inputs[term] });
    this.#spared = new Mlp(this.#scope, { inputs: first, hidden: further, outputs: 1 });
    this.#target = new Mlp(subScope(scope, 'target'), { inputs: width, hidden: [first], outputs: 1 });
  }

  /** Encodings of histories and member flags [B, S, d] -> values [B, S], up to a constant of each history. */
  apply({ variables, pairs }: HistoryEncoding & { readonly pairs: tf.Tensor4D }, members: tf.Tensor3D): tf.Tensor2D {
    const [batch, sets, size] = members.shape;
    const backward = tf.transpose(this.#linear('backward', pairs), [0, 2, 1, 3]);
    const ofPairs = tf.reshape(tf.add(this.#linear('forward', pairs), backward), [batch, size, size * this.#hidden]);
    const together = tf.reshape(tf.matMul(members, ofPairs), [batch, sets, size, this.#hidden]);
    const ofCount = this.#linear('count', tf.sum(members, 2, true));
    const alone = tf.expandDims(this.#linear('variable', variables), 1);
    const hidden = tf.relu(tf.add(tf.add(together, tf.expandDims(ofCount, 2)), alone));
    const ofSpared = tf.mul(tf.squeeze(this.#spared.apply(hidden), [3]), tf.sub(1, members));
    const ofTargets = tf.mul(tf.expandDims(tf.squeeze(this.#target.apply(variables), [2]), 1), members);
    return tf.sum(tf.add(ofSpared, ofTargets), 2) as tf.Tensor2D;
  }

  #linear(term: (typeof TERMS)[number], x: tf.Tensor): tf.Tensor {
    return applyLinearLayer(this.#scope, term, x);
  }
}
