import * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '../../../core/random/stream.js';
import { type AllowedTargets, flagTensor, outputChannel, type TargetDistribution } from './target-distribution.js';

// Shapes: B histories, d variables, C numbers per variable.

/** Keeps the logarithms of both outcomes finite; there the gradient is 0. */
const SMALLEST_PROBABILITY = 1e-6;

/**
 * The targets of the published head: variable i is one if the Gaussian number behind its switch is above 0, so with
 * probability Phi(mean_i / std_i), independently.
 */
export class SwitchTargetDistribution implements TargetDistribution {
  readonly #batch: number;
  readonly #size: number;
  readonly #probability: tf.Tensor2D;
  readonly #allowed: AllowedTargets | undefined;

  /** `mean` and `logStd` [B, d, C] of the action numbers before tanh; number 0 is the switch. */
  constructor(mean: tf.Tensor3D, logStd: tf.Tensor3D, allowed?: AllowedTargets) {
    [this.#batch, this.#size] = mean.shape;
    const standardized = tf.div(outputChannel(mean, 0), tf.exp(outputChannel(logStd, 0)));
    const probability = tf.mul(0.5, tf.add(1, tf.erf(tf.mul(Math.SQRT1_2, standardized))));
    this.#probability = tf.clipByValue(probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY) as tf.Tensor2D;
    this.#allowed = allowed;
  }

  draw(streams: readonly RandomStream[]): Uint8Array {
    const probability = this.#probability.dataSync();
    return Uint8Array.from(probability, (p, at) => {
      const isTarget = streams[Math.floor(at / this.#size)]!.bernoulli(p);
      return isTarget && this.#allowed?.[at] !== 0 ? 1 : 0;
    });
  }

  mode(): Uint8Array {
    return Uint8Array.from(this.#probability.dataSync(), (p, at) => (p > 0.5 && this.#allowed?.[at] !== 0 ? 1 : 0));
  }

  logProbability(targets: Uint8Array): tf.Tensor1D {
    const flags = flagTensor(targets, this.#batch, this.#size);
    const likelihood = tf.add(
      tf.mul(flags, this.#probability),
      tf.mul(tf.sub(1, flags), tf.sub(1, this.#probability)),
    ) as tf.Tensor2D;
    return this.#sumAllowed(tf.log(likelihood));
  }

  entropy(): tf.Tensor1D {
    const p = this.#probability;
    const q = tf.sub(1, p);
    return this.#sumAllowed(tf.neg(tf.add(tf.mul(p, tf.log(p)), tf.mul(q, tf.log(q)))) as tf.Tensor2D);
  }

  #sumAllowed(terms: tf.Tensor2D): tf.Tensor1D {
    const counted =
      this.#allowed === undefined ? terms : tf.mul(terms, flagTensor(this.#allowed, this.#batch, this.#size));
    return tf.sum(counted, 1) as tf.Tensor1D;
  }
}
