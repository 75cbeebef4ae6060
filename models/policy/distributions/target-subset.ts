import * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '../../../core/random/stream.js';
import {
  type AllowedTargets,
  FORBIDDEN_LOGIT,
  flagTensor,
  requireAllowed,
  type TargetDistribution,
  type TargetHead,
  withoutForbidden,
} from './target-distribution.js';

// Shapes: B histories, d variables, K largest number of targets.

export interface SubsetLimits {
  readonly minimumTargets: number;
  readonly maximumTargets: number;
}

/**
 * Chosen target sets: first the number of targets k, softmax of the size logits, then a set of k variables with
 * probability proportional to exp(sum of its members' logits):
 *
 *   log P(S) = log P(k) + sum_{i in S} logit_i - log e_k,   k = |S|,
 *
 * with e_k the elementary symmetric polynomial of the exp(logit_i), i.e. the conditional Bernoulli distribution (Chen,
 * Dempster and Liu 1994). Exact, without an order of the members, and equivariant.
 */
export class SubsetTargetDistribution implements TargetDistribution {
  readonly #logits: tf.Tensor2D;
  readonly #sizeLogProbabilities: tf.Tensor2D;
  readonly #limits: SubsetLimits;
  #sums: SubsetSums | undefined;

  /**
   * @param logits - [B, d], one per variable
   * @param sizeLogits - [B, K + 1], one per number of targets; numbers outside the limits or above the allowed count are left out
   * @throws CausalPilotError E_INPUT if a history allows fewer than the smallest number of targets.
   */
  constructor(logits: tf.Tensor2D, sizeLogits: tf.Tensor2D, limits: SubsetLimits & { allowed?: AllowedTargets }) {
    const [batch, size] = logits.shape;
    const { allowed, minimumTargets, maximumTargets } = limits;
    requireAllowed(allowed, { batch, size, least: minimumTargets });
    const possible = new Uint8Array(batch * (maximumTargets + 1));
    for (let b = 0; b < batch; b++) {
      const count =
        allowed === undefined ? size : allowed.subarray(b * size, (b + 1) * size).reduce((n, a) => n + a, 0);
      const most = Math.min(maximumTargets, count);
      possible.fill(1, b * (maximumTargets + 1) + minimumTargets, b * (maximumTargets + 1) + most + 1);
    }
    this.#limits = limits;
    this.#logits = withoutForbidden(logits, allowed);
    this.#sizeLogProbabilities = tf.logSoftmax(withoutForbidden(sizeLogits, possible)) as tf.Tensor2D;
  }

  draw(streams: readonly RandomStream[]): Uint8Array {
    return this.#perHistory((logits, sizeLogProbabilities, b) => {
      const stream = streams[b]!;
      const count = stream.weightedIndex(sizeLogProbabilities.map(Math.exp));
      return drawSubset(logits, count, stream);
    });
  }

  mode(): Uint8Array {
    return this.#perHistory(mostProbableSubset);
  }

  logProbability(targets: Uint8Array): tf.Tensor1D {
    const [batch, size] = this.#logits.shape;
    const { maximumTargets } = this.#limits;
    const chosenSize = new Float32Array(batch * (maximumTargets + 1));
    for (let b = 0; b < batch; b++) {
      const count = targets.subarray(b * size, (b + 1) * size).reduce((n, flag) => n + flag, 0);
      // A larger set is impossible: no entry is marked, and the sum below must not be read as its log-probability.
      if (count <= maximumTargets) chosenSize[b * (maximumTargets + 1) + count] = 1;
    }
    const sizeTerm = tf.mul(
      tf.sub(this.#sizeLogProbabilities, this.#subsetSums().logSum),
      tf.tensor2d(chosenSize, [batch, maximumTargets + 1]),
    );
    const memberTerm = tf.mul(this.#logits, flagTensor(targets, batch, size));
    return tf.add(tf.sum(sizeTerm, 1), tf.sum(memberTerm, 1)) as tf.Tensor1D;
  }

  /** H(k) + sum_k P(k) (log e_k - E[sum of the members' logits | k]). */
  entropy(): tf.Tensor1D {
    const { logSum, meanLogit } = this.#subsetSums();
    const perSize = tf.sub(tf.sub(logSum, meanLogit), this.#sizeLogProbabilities);
    return tf.sum(tf.mul(tf.exp(this.#sizeLogProbabilities), perSize), 1) as tf.Tensor1D;
  }

  #subsetSums(): SubsetSums {
    this.#sums ??= subsetSums(this.#logits, this.#limits.maximumTargets);
    return this.#sums;
  }

  #perHistory(
    choose: (logits: Float32Array, sizeLogProbabilities: Float32Array, b: number) => readonly number[],
  ): Uint8Array {
    const [batch, size] = this.#logits.shape;
    const logits = this.#logits.dataSync<'float32'>();
    const sizes = this.#sizeLogProbabilities.dataSync<'float32'>();
    const stride = this.#limits.maximumTargets + 1;
    const targets = new Uint8Array(batch * size);
    for (let b = 0; b < batch; b++) {
      const ofHistory = logits.subarray(b * size, (b + 1) * size);
      for (const member of choose(ofHistory, sizes.subarray(b * stride, (b + 1) * stride), b))
        targets[b * size + member] = 1;
    }
    return targets;
  }
}

interface SubsetSums {
  /** [B, K + 1]: log e_k. */
  readonly logSum: tf.Tensor2D;
  /** [B, K + 1]: mean over sets of k members of the sum of their logits. */
  readonly meanLogit: tf.Tensor2D;
}

/** Both sums by adding one variable at a time: e_k <- e_k + exp(logit_i) e_{k-1}, in logarithms. */
function subsetSums(logits: tf.Tensor2D, most: number): SubsetSums {
  const [batch, size] = logits.shape;
  const shifted = (table: tf.Tensor, first: number) =>
    tf.concat([tf.fill([batch, 1], first), tf.slice(table, [0, 0], [batch, most])], 1);
  let logSum: tf.Tensor = tf.concat([tf.zeros([batch, 1]), tf.fill([batch, most], FORBIDDEN_LOGIT)], 1);
  let meanLogit: tf.Tensor = tf.zeros([batch, most + 1]);
  for (let variable = 0; variable < size; variable++) {
    const logit = tf.slice(logits, [0, variable], [batch, 1]);
    const joined = tf.add(shifted(logSum, FORBIDDEN_LOGIT), logit);
    const share = tf.sigmoid(tf.sub(joined, logSum));
    const joinedMean = tf.add(shifted(meanLogit, 0), logit);
    // Not mean + share (joined - mean): where no set of k members existed so far, the mean is huge and would not cancel.
    meanLogit = tf.add(tf.mul(tf.sub(1, share), meanLogit), tf.mul(share, joinedMean));
    logSum = tf.logSumExp(tf.stack([logSum, joined], 2), 2);
  }
  return { logSum: logSum as tf.Tensor2D, meanLogit: meanLogit as tf.Tensor2D };
}

/** log e_k of the logits from each position on: row i, entry k, for k = 0 .. most. */
function logSumsFrom(logits: Float32Array, most: number): Float64Array[] {
  const none = new Float64Array(most + 1).fill(Number.NEGATIVE_INFINITY);
  none[0] = 0;
  const rows = [none];
  for (let variable = logits.length - 1; variable >= 0; variable--) {
    const next = rows[0]!;
    rows.unshift(next.map((rest, k) => (k === 0 ? 0 : logAddExp(rest, next[k - 1]! + logits[variable]!))));
  }
  return rows;
}

/** A set of `count` members with probability proportional to exp(sum of their logits), one variable after the other. */
function drawSubset(logits: Float32Array, count: number, stream: RandomStream): number[] {
  const sums = logSumsFrom(logits, count);
  const members: number[] = [];
  for (let variable = 0; variable < logits.length && members.length < count; variable++) {
    const missing = count - members.length;
    const inclusion = Math.exp(logits[variable]! + sums[variable + 1]![missing - 1]! - sums[variable]![missing]!);
    if (stream.uniform() < inclusion) members.push(variable);
  }
  return members;
}

/** For each possible size the variables of the largest logits are the best set. */
function mostProbableSubset(logits: Float32Array, sizeLogProbabilities: Float32Array): readonly number[] {
  const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]!);
  const sums = logSumsFrom(logits, sizeLogProbabilities.length - 1)[0]!;
  let best: readonly number[] = [];
  let bestLogProbability = Number.NEGATIVE_INFINITY;
  sizeLogProbabilities.forEach((sizeLogProbability, count) => {
    if (count > logits.length || sizeLogProbability < FORBIDDEN_LOGIT / 2) return;
    const members = order.slice(0, count);
    const logProbability = sizeLogProbability + members.reduce((sum, i) => sum + logits[i]!, 0) - sums[count]!;
    if (logProbability <= bestLogProbability) return;
    best = members;
    bestLogProbability = logProbability;
  });
  return best;
}

function logAddExp(a: number, b: number): number {
  const most = Math.max(a, b);
  return most === Number.NEGATIVE_INFINITY ? most : most + Math.log1p(Math.exp(-Math.abs(a - b)));
}

export const targetSubset: TargetHead<SubsetLimits> = {
  furtherOutputs: ({ maximumTargets }) => maximumTargets + 1,
  targetRange: ({ minimumTargets, maximumTargets }, size) => ({
    least: minimumTargets,
    most: Math.min(maximumTargets, size),
  }),
  distribution(limits, { logits, further, allowed }) {
    // The number of targets belongs to the whole system: the mean over variables keeps it invariant to their order.
    const sizeLogits = tf.mean(further(), 1) as tf.Tensor2D;
    return new SubsetTargetDistribution(logits, sizeLogits, { ...limits, allowed });
  },
};
