import * as tf from '@tensorflow/tfjs';
import { CausalPilotError } from '../../core/errors.js';
import type { HistoryEncoding } from '../networks/history-encoder.js';
import type { ParameterScope } from '../networks/initialization.js';
import { Mlp } from '../networks/mlp.js';
import { targetSetFlags } from '../target-sets.js';
import { type ActionDistribution, type ActionHead, createActionHead } from './action-head.js';
import { ScoredSetsDistribution } from './distributions/scored-sets.js';
import type { AllowedTargets } from './distributions/target-distribution.js';
import { SignDistribution } from './distributions/value-signs.js';
import type { PolicyConfig, ScoredSetsConfig } from './policy-config.js';
import { SetValues } from './set-values.js';

// Shapes: B histories, S sets of targets, d variables.

/** What a policy does with the encoding of a history: its last layers and how they are read. */
export interface PolicyHead extends Pick<ActionHead, 'hasGaussianSwitch' | 'numbersIn'> {
  /** `allowed` rules targets out. */
  distribution(encoding: HistoryEncoding, allowed?: AllowedTargets): ActionDistribution;
}

/** @throws CausalPilotError E_CONFIG where the head reads encodings of pairs and the policy has none. */
export function createPolicyHead(
  scope: Omit<ParameterScope, 'prefix'>,
  config: PolicyConfig,
  channels: number,
): PolicyHead {
  if (config.head.kind === 'scored') return new ScoredSetsHead(scope, { ...config, head: config.head }, channels);
  const head = createActionHead(config.head, { ...config, channels });
  const outputs = new Mlp(
    { ...scope, prefix: 'head' },
    { inputs: config.width, hidden: config.hidden, outputs: head.outputs, outputGain: 0.1 },
  );
  return {
    hasGaussianSwitch: head.hasGaussianSwitch,
    numbersIn: (size) => head.numbersIn(size),
    distribution: ({ variables }, allowed) => head.interpret(outputs.apply(variables) as tf.Tensor3D, allowed),
  };
}

/** tanh of it is 1 in float32. */
const FULL_STRENGTH = 20;

/** The head that values every set of targets; chosen targets get the largest value, with a sign that says nothing. */
export class ScoredSetsHead implements PolicyHead {
  readonly hasGaussianSwitch = false;
  readonly #config: ScoredSetsConfig;
  readonly #channels: number;
  readonly #minimumLogStd: number;
  readonly #values: SetValues;

  constructor(
    scope: Omit<ParameterScope, 'prefix'>,
    config: PolicyConfig & { readonly head: ScoredSetsConfig },
    channels: number,
  ) {
    const { head, pairEncoder, width, hidden } = config;
    if (pairEncoder === undefined)
      throw new CausalPilotError(
        'E_CONFIG',
        "policy.head: the 'scored' head reads encodings of pairs, and there are none; set policy.pairEncoder",
      );
    this.#config = head;
    this.#channels = channels;
    this.#minimumLogStd = config.minimumLogStd;
    this.#values = new SetValues({ ...scope, prefix: 'head' }, { width, hidden, channels: pairEncoder.channels });
  }

  numbersIn(size: number): number {
    return Math.min(this.#config.maximumTargets, size) * this.#channels;
  }

  /** Flags [S, d] of the sets that it weighs. @throws CausalPilotError E_INPUT if there are too many. */
  sets(size: number): Uint8Array {
    return targetSetFlags(size, { least: this.#config.minimumTargets, most: this.#config.maximumTargets });
  }

  /** Values [B, S] of the sets with members [B, S, d]; only their differences within a history mean something. */
  values({ variables, pairs }: HistoryEncoding, members: tf.Tensor3D): tf.Tensor2D {
    return this.#values.apply({ variables, pairs: pairs! }, members);
  }

  distribution(encoding: HistoryEncoding, allowed?: AllowedTargets): ActionDistribution {
    const [batch, size] = encoding.variables.shape;
    const members = this.sets(size);
    const count = members.length / size;
    const tiled = tf.tile(tf.tensor3d(Float32Array.from(members), [1, count, size]), [batch, 1, 1]);
    const { temperature } = this.#config;
    const values = this.values(encoding, tiled);
    const targets = new ScoredSetsDistribution(values, { members, size, temperature, allowed });
    if (this.#channels === 1) {
      const nothing = tf.zeros([batch, size, 0]) as tf.Tensor3D;
      return { targets, mean: nothing, logStd: nothing, value: undefined, signs: undefined };
    }
    const mean = tf.fill([batch, size], FULL_STRENGTH) as tf.Tensor2D;
    const logStd = tf.fill([batch, size], this.#minimumLogStd) as tf.Tensor2D;
    return {
      targets,
      mean: tf.expandDims(mean, 2),
      logStd: tf.expandDims(logStd, 2),
      value: { mean, logStd },
      signs: new SignDistribution(tf.zeros([batch, size])),
    };
  }
}
