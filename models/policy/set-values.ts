import * as tf from '@tensorflow/tfjs';
import type { HistoryEncoding } from '../networks/history-encoder.js';
import type { ParameterScope } from '../networks/initialization.js';
import { addLinearLayer, applyLinearLayer } from '../networks/linear-layer.js';
import { Mlp } from '../networks/mlp.js';

// Shapes: B histories, S sets of targets, d variables, D width, C channels of a pair, H hidden width.

export interface SetValuesOptions {
  /** D and C of the encodings. */
  readonly width: number;
  readonly channels: number;
  /** Hidden widths (ReLU); the first one is H. */
  readonly hidden: readonly number[];
  /** Whether targets have values, whose signs count relative to each other. */
  readonly signs: boolean;
}

/** Linear maps to the first hidden layer by what they read. */
type Term = 'forward' | 'backward' | 'signed' | 'variable' | 'count' | 'member';

/**
 * What an experiment on a set of targets is worth, for all sets from one encoding of the history: a sum over the variables j
 * of what the targets, taken together, say of j and j of itself,
 *
 *   Q(S, s) = sum_j f(sum_{i in S} p_ij, sum_{i in S} p_ji, +-sum_{i in S} s_i p_ij, v_j, |S|, [j in S]),
 *
 * with an MLP f, encodings p of ordered pairs and v of variables, and signs s of the targets' values. Its first layer is
 * relu(a + b) + relu(a - b), b linear in s: in a linear system with symmetric noise, turning all signs turns all
 * measurements, so it tells the same. Invariant to the order of variables.
 */
export class SetValues {
  readonly #scope: ParameterScope;
  readonly #hidden: number;
  readonly #signs: boolean;
  readonly #output: Mlp;

  constructor(scope: ParameterScope, { width, channels, hidden, signs }: SetValuesOptions) {
    const [first = width, ...further] = hidden;
    this.#scope = scope;
    this.#hidden = first;
    this.#signs = signs;
    const inputs: Partial<Record<Term, number>> = {
      forward: channels,
      backward: channels,
      ...(signs ? { signed: channels } : {}),
      variable: width,
      count: 1,
      member: 1,
    };
    for (const [term, size] of Object.entries(inputs)) addLinearLayer(scope, term, { outputs: first, inputs: size });
    this.#output = new Mlp(scope, { inputs: first, hidden: further, outputs: 1 });
  }

  /**
   * Values [B, S], of which only differences within a history mean something.
   *
   * @param sets - [B, S, d]: 1 or -1, the sign of its value, for a target, 0 for other variables
   */
  apply({ variables, pairs }: HistoryEncoding & { readonly pairs: tf.Tensor4D }, sets: tf.Tensor3D): tf.Tensor2D {
    const members = tf.abs(sets) as tf.Tensor3D;
    const backward = tf.transpose(this.#linear('backward', pairs), [0, 2, 1, 3]);
    const ofTargets = this.#together(members, tf.add(this.#linear('forward', pairs), backward));
    const ofSet = tf.expandDims(this.#linear('count', tf.sum(members, 2, true)), 2);
    const own = tf.expandDims(this.#linear('variable', variables), 1);
    const ofMember = this.#linear('member', tf.expandDims(members, 3));
    const even = tf.add(tf.add(ofTargets, ofSet), tf.add(own, ofMember));
    const outputs = this.#output.apply(this.#firstLayer(even, sets, pairs));
    return tf.sum(tf.squeeze(outputs, [3]), 2) as tf.Tensor2D;
  }

  #firstLayer(even: tf.Tensor, sets: tf.Tensor3D, pairs: tf.Tensor4D): tf.Tensor {
    if (!this.#signs) return tf.relu(even);
    const odd = this.#together(sets, this.#linear('signed', pairs));
    return tf.add(tf.relu(tf.add(even, odd)), tf.relu(tf.sub(even, odd)));
  }

  /** Sums [B, S, d, H] over the targets i of pairs (i, j) [B, d, d, H], weighted by `sets`. */
  #together(sets: tf.Tensor3D, pairs: tf.Tensor): tf.Tensor {
    const [batch, count, size] = sets.shape;
    const flat = tf.reshape(pairs, [batch, size, size * this.#hidden]);
    return tf.reshape(tf.matMul(sets, flat), [batch, count, size, this.#hidden]);
  }

  #linear(term: Term, x: tf.Tensor): tf.Tensor {
    return applyLinearLayer(this.#scope, term, x);
  }
}
