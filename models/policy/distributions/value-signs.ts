import * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '../../../core/random/stream.js';
import { tanhGaussianNumbers } from './tanh-gaussian.js';
import { flagTensor } from './target-distribution.js';

// Shapes: B histories, d variables.

/**
 * Signs of the targets' values as choices: variable i is set to a positive value with probability sigmoid(logit_i). A
 * Gaussian cannot weigh two opposite values against each other, and gradients lead it to the nearer one.
 */
export class SignDistribution {
  readonly #logits: tf.Tensor2D;

  /** @param logits - [B, d] */
  constructor(logits: tf.Tensor2D) {
    this.#logits = logits;
  }

  /** 1 for a positive value, 0 for a negative one, [B * d], one stream per history. */
  draw(streams: readonly RandomStream[]): Uint8Array {
    const size = this.#logits.shape[1];
    return Uint8Array.from(this.#logits.dataSync(), (logit, at) =>
      streams[Math.floor(at / size)]!.bernoulli(1 / (1 + Math.exp(-logit))) ? 1 : 0,
    );
  }

  /** The more probable signs [B * d]. */
  mode(): Uint8Array {
    return Uint8Array.from(this.#logits.dataSync(), (logit) => (logit > 0 ? 1 : 0));
  }

  /** Log-probability [B] of the signs of the targets, both [B * d]; the signs of other variables do not count. */
  logProbability(positive: Uint8Array, targets: Uint8Array): tf.Tensor1D {
    const [batch, size] = this.#logits.shape;
    const perVariable = tf.sub(tf.mul(flagTensor(positive, batch, size), this.#logits), tf.softplus(this.#logits));
    return tf.sum(tf.mul(perVariable, flagTensor(targets, batch, size)), 1) as tf.Tensor1D;
  }
}

/** Gaussian before tanh of each variable's value, [B, d]. */
export interface ValueGaussian {
  readonly mean: tf.Tensor2D;
  readonly logStd: tf.Tensor2D;
}

/**
 * Values [B, d] in (-1, 1) for standard normal `noise`, and their log-densities: tanh(u), or where the signs were chosen
 * +-(1 + tanh(u)) / 2, which keeps its sign.
 */
export function sampleValues(
  { mean, logStd }: ValueGaussian,
  noise: tf.Tensor,
  positive?: Uint8Array,
): { readonly action: tf.Tensor2D; readonly logDensity: tf.Tensor2D } {
  const numbers = tanhGaussianNumbers(mean, logStd, noise) as { action: tf.Tensor2D; logDensity: tf.Tensor2D };
  if (positive === undefined) return numbers;
  const sign = tf.sub(tf.mul(2, flagTensor(positive, ...mean.shape)), 1);
  return {
    action: tf.mul(sign, tf.mul(0.5, tf.add(1, numbers.action))) as tf.Tensor2D,
    // The map halves lengths, so densities double.
    logDensity: tf.add(numbers.logDensity, Math.LN2) as tf.Tensor2D,
  };
}
