import * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '../../../core/random/stream.js';
import {
  type AllowedTargets,
  flagTensor,
  requireAllowed,
  type TargetDistribution,
  type TargetHead,
  withoutForbidden,
} from './target-distribution.js';

// Shapes: B histories, d variables.

/** Exactly one target: a categorical distribution over the allowed variables, softmax of the logits. */
export class SingleTargetDistribution implements TargetDistribution {
  readonly #logProbabilities: tf.Tensor2D;

  /** @throws CausalPilotError E_INPUT if a history allows no target. */
  constructor(logits: tf.Tensor2D, allowed?: AllowedTargets) {
    const [batch, size] = logits.shape;
    requireAllowed(allowed, { batch, size, least: 1 });
    this.#logProbabilities = tf.logSoftmax(withoutForbidden(logits, allowed)) as tf.Tensor2D;
  }

  draw(streams: readonly RandomStream[]): Uint8Array {
    return this.#chosen((logProbabilities, b) => streams[b]!.weightedIndex(logProbabilities.map(Math.exp)));
  }

  mode(): Uint8Array {
    return this.#chosen((logProbabilities) => logProbabilities.indexOf(Math.max(...logProbabilities)));
  }

  logProbability(targets: Uint8Array): tf.Tensor1D {
    return tf.sum(
      tf.mul(this.#logProbabilities, flagTensor(targets, ...this.#logProbabilities.shape)),
      1,
    ) as tf.Tensor1D;
  }

  entropy(): tf.Tensor1D {
    return tf.neg(tf.sum(tf.mul(tf.exp(this.#logProbabilities), this.#logProbabilities), 1)) as tf.Tensor1D;
  }

  /** Variable i as the only target, for i = 0 .. d - 1. */
  enumerate(): Uint8Array[] {
    const [batch, size] = this.#logProbabilities.shape;
    return Array.from({ length: size }, (_, target) =>
      Uint8Array.from({ length: batch * size }, (_flag, at) => (at % size === target ? 1 : 0)),
    );
  }

  #chosen(choose: (logProbabilities: Float32Array, b: number) => number): Uint8Array {
    const [batch, size] = this.#logProbabilities.shape;
    const values = this.#logProbabilities.dataSync<'float32'>();
    const targets = new Uint8Array(batch * size);
    for (let b = 0; b < batch; b++) targets[b * size + choose(values.subarray(b * size, (b + 1) * size), b)] = 1;
    return targets;
  }
}

export const singleTarget: TargetHead<object> = {
  furtherOutputs: () => 0,
  targetRange: () => ({ least: 1, most: 1 }),
  distribution: (_, { logits, allowed }) => new SingleTargetDistribution(logits, allowed),
};
