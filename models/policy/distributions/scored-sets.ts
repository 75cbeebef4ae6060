import * as tf from '@tensorflow/tfjs';
import { CausalPilotError } from '../../../core/errors.js';
import type { RandomStream } from '../../../core/random/stream.js';
import { type AllowedTargets, FORBIDDEN_LOGIT, flagTensor, type TargetDistribution } from './target-distribution.js';

// Shapes: B histories, S sets of targets, d variables.

export interface ScoredSets {
  /** [S, d], 1 where a variable belongs to a set; no set twice. */
  readonly members: Uint8Array;
  readonly size: number;
  /** Sets are as probable as exp(value / temperature). */
  readonly temperature: number;
  readonly allowed?: AllowedTargets;
}

/** One of the listed sets of targets by its value; sets with a forbidden variable never. */
export class ScoredSetsDistribution implements TargetDistribution {
  readonly #logProbabilities: tf.Tensor2D;
  readonly #sets: ScoredSets;

  /**
   * @param values - [B, S]
   * @throws CausalPilotError E_INPUT if a history allows none of the sets.
   */
  constructor(values: tf.Tensor2D, sets: ScoredSets) {
    this.#sets = sets;
    const scaled = tf.div(values, sets.temperature) as tf.Tensor2D;
    const logits = sets.allowed === undefined ? scaled : withoutForbiddenSets(scaled, sets, sets.allowed);
    this.#logProbabilities = tf.logSoftmax(logits) as tf.Tensor2D;
  }

  draw(streams: readonly RandomStream[]): Uint8Array {
    return this.#chosen((logProbabilities, b) => streams[b]!.weightedIndex(logProbabilities.map(Math.exp)));
  }

  mode(): Uint8Array {
    return this.#chosen((logProbabilities) => largestAt(logProbabilities));
  }

  logProbability(targets: Uint8Array): tf.Tensor1D {
    const [batch, count] = this.#logProbabilities.shape;
    const { members, size } = this.#sets;
    const isChosen = new Uint8Array(batch * count);
    for (let b = 0; b < batch; b++)
      for (let s = 0; s < count; s++) {
        const own = targets.subarray(b * size, (b + 1) * size);
        if (own.every((flag, i) => flag === members[s * size + i])) isChosen[b * count + s] = 1;
      }
    return tf.sum(tf.mul(this.#logProbabilities, flagTensor(isChosen, batch, count)), 1) as tf.Tensor1D;
  }

  entropy(): tf.Tensor1D {
    const probabilities = tf.exp(this.#logProbabilities);
    return tf.neg(tf.sum(tf.mul(probabilities, this.#logProbabilities), 1)) as tf.Tensor1D;
  }

  #chosen(choose: (logProbabilities: Float32Array, b: number) => number): Uint8Array {
    const [batch, count] = this.#logProbabilities.shape;
    const { members, size } = this.#sets;
    const values = this.#logProbabilities.dataSync<'float32'>();
    const targets = new Uint8Array(batch * size);
    for (let b = 0; b < batch; b++) {
      const set = choose(values.subarray(b * count, (b + 1) * count), b);
      targets.set(members.subarray(set * size, (set + 1) * size), b * size);
    }
    return targets;
  }
}

function largestAt(values: Float32Array): number {
  return values.reduce((best, value, at) => (value > values[best]! ? at : best), 0);
}

function withoutForbiddenSets(
  logits: tf.Tensor2D,
  { members, size }: ScoredSets,
  allowed: AllowedTargets,
): tf.Tensor2D {
  const [batch, count] = logits.shape;
  const isPossible = new Uint8Array(batch * count);
  for (let b = 0; b < batch; b++) {
    for (let s = 0; s < count; s++) {
      const set = members.subarray(s * size, (s + 1) * size);
      if (set.every((flag, i) => flag === 0 || allowed[b * size + i] === 1)) isPossible[b * count + s] = 1;
    }
    if (!isPossible.subarray(b * count, (b + 1) * count).includes(1))
      throw new CausalPilotError(
        'E_INPUT',
        `policy: history ${b} allows too few of its ${size} variables as targets for any set that this policy weighs; allow more, or use a policy with another head`,
      );
  }
  const forbidden = tf.fill([batch, count], FORBIDDEN_LOGIT) as tf.Tensor2D;
  return tf.where(flagTensor(isPossible, batch, count).cast('bool'), logits, forbidden);
}
