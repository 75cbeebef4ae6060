import * as tf from '@tensorflow/tfjs';
import { listSignedSets } from '../../core/causal/target-sets.js';
import { CausalPilotError } from '../../core/errors.js';
import type { HistoryEncoding } from '../networks/history-encoder.js';
import type { ParameterScope } from '../networks/initialization.js';
import { ScoredSets } from './distributions/scored-sets.js';
import type { PolicyConfig, ScoredSetsConfig } from './policy-config.js';
import type { DecisionOptions, PolicyHead } from './policy-head.js';
import { SetValues } from './set-values.js';

// Shapes: B histories, S sets of targets, d variables, C action numbers per variable.

/** Histories x sets x variables that are valued in one pass: 64 MiB for a hidden layer of 64. */
const LARGEST_SLICE = 2 ** 18;

/** Values every set of targets at full strength, signs included where there are values, and takes the best. */
export class ScoredSetsHead implements PolicyHead {
  readonly hasGaussianSwitch = false;
  readonly #config: ScoredSetsConfig;
  readonly #channels: number;
  readonly #values: SetValues;
  readonly #lists = new Map<number, Int8Array>();

  /** @throws CausalPilotError E_CONFIG without encodings of pairs. */
  constructor(scope: ParameterScope, config: PolicyConfig & { readonly head: ScoredSetsConfig }, channels: number) {
    const { head, pairEncoder, width, hidden } = config;
    if (pairEncoder === undefined)
      throw new CausalPilotError(
        'E_CONFIG',
        "policy.head: the 'scored' head reads encodings of pairs, and there are none; set policy.pairEncoder",
      );
    this.#config = head;
    this.#channels = channels;
    this.#values = new SetValues(scope, { width, hidden, channels: pairEncoder.channels, signs: channels > 1 });
  }

  numbersIn(size: number): number {
    return Math.min(this.#config.maximumTargets, size) * this.#channels;
  }

  maximumEntropy(size: number): number {
    return Math.log(this.sets(size).length / size);
  }

  /** The sets that it weighs [S, d]: 1 or -1 for a target, 0 elsewhere; on large systems those of fewer targets. */
  sets(size: number): Int8Array {
    const known = this.#lists.get(size);
    if (known !== undefined) return known;
    const { minimumTargets, maximumTargets } = this.#config;
    const sets = listSignedSets(size, { least: minimumTargets, most: maximumTargets }, { signs: this.#channels > 1 });
    this.#lists.set(size, sets);
    return sets;
  }

  /** Values [B, S] of sets [B, S, d] as `sets` has them; only their differences within a history mean something. */
  values({ variables, pairs }: HistoryEncoding, sets: tf.Tensor3D): tf.Tensor2D {
    return this.#values.apply({ variables, pairs: pairs! }, sets);
  }

  /** @throws CausalPilotError E_STATE always. */
  distribution(): never {
    throw new CausalPilotError(
      'E_STATE',
      "policy: the 'scored' head has values of sets and no differentiable distribution; it learns by action values",
    );
  }

  targetEntropies(encoding: HistoryEncoding): Float32Array {
    return this.#scored(encoding).targetEntropies();
  }

  decide(encoding: HistoryEncoding, { streams, allowed }: DecisionOptions): Float32Array {
    const scored = this.#scored(encoding, allowed);
    const chosen = streams === undefined ? scored.best() : scored.draw(streams);
    const numbers = new Float32Array(chosen.length * this.#channels);
    chosen.forEach((sign, at) => {
      numbers[at * this.#channels] = sign === 0 ? -1 : 1;
      if (this.#channels > 1) numbers[at * this.#channels + 1] = sign;
    });
    return numbers;
  }

  /** Values all sets, a slice of them at a time: hidden layers hold B S d H numbers. */
  #scored(encoding: HistoryEncoding, allowed?: DecisionOptions['allowed']): ScoredSets {
    const [batch, size] = encoding.variables.shape;
    const sets = this.sets(size);
    const count = sets.length / size;
    const perSlice = Math.max(1, Math.floor(LARGEST_SLICE / (batch * size)));
    const values = new Float32Array(batch * count);
    for (let start = 0; start < count; start += perSlice) {
      const slice = sets.subarray(start * size, (start + perSlice) * size);
      const own = tf.tidy(() => {
        const listed = tf.tensor3d(Float32Array.from(slice), [1, slice.length / size, size]);
        return this.values(encoding, tf.tile(listed, [batch, 1, 1])).dataSync<'float32'>();
      });
      for (let b = 0; b < batch; b++)
        values.set(own.subarray((b * slice.length) / size, ((b + 1) * slice.length) / size), b * count + start);
    }
    return new ScoredSets(values, { sets, size, temperature: this.#config.temperature, allowed });
  }
}
