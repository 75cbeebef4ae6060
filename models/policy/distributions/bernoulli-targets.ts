import * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '../../../core/random/stream.js';
import { type AllowedTargets, flagTensor, type TargetDistribution, type TargetHead } from './target-distribution.js';

// Shapes: B histories, d variables.

/** Each variable is a target with probability sigmoid(logit_i), independently; forbidden ones never. */
export class BernoulliTargetDistribution implements TargetDistribution {
  readonly #logits: tf.Tensor2D;
  readonly #allowed: AllowedTargets | undefined;

  constructor(logits: tf.Tensor2D, allowed?: AllowedTargets) {
    this.#logits = logits;
    this.#allowed = allowed;
  }

  draw(streams: readonly RandomStream[]): Uint8Array {
    const size = this.#logits.shape[1];
    return Uint8Array.from(this.#logits.dataSync(), (logit, at) => {
      const isTarget = streams[Math.floor(at / size)]!.bernoulli(1 / (1 + Math.exp(-logit)));
      return isTarget && this.#allowed?.[at] !== 0 ? 1 : 0;
    });
  }

  mode(): Uint8Array {
    return Uint8Array.from(this.#logits.dataSync(), (logit, at) => (logit > 0 && this.#allowed?.[at] !== 0 ? 1 : 0));
  }

  /** sum_i flag_i logit_i - softplus(logit_i). */
  logProbability(targets: Uint8Array): tf.Tensor1D {
    const flags = flagTensor(targets, ...this.#logits.shape);
    return this.#sumAllowed(tf.sub(tf.mul(flags, this.#logits), tf.softplus(this.#logits)));
  }

  /** sum_i softplus(logit_i) - sigmoid(logit_i) logit_i. */
  entropy(): tf.Tensor1D {
    return this.#sumAllowed(tf.sub(tf.softplus(this.#logits), tf.mul(tf.sigmoid(this.#logits), this.#logits)));
  }

  #sumAllowed(terms: tf.Tensor): tf.Tensor1D {
    const counted =
      this.#allowed === undefined ? terms : tf.mul(terms, flagTensor(this.#allowed, ...this.#logits.shape));
    return tf.sum(counted, 1) as tf.Tensor1D;
  }
}

export const bernoulliTargets: TargetHead<object> = {
  furtherOutputs: () => 0,
  targetRange: (_, size) => ({ least: 0, most: size }),
  distribution: (_, { logits, allowed }) => new BernoulliTargetDistribution(logits, allowed),
};
