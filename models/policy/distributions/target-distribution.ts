import * as tf from '@tensorflow/tfjs';
import { CausalPilotError } from '../../../core/errors.js';
import type { RandomStream } from '../../../core/random/stream.js';

// Shapes: B histories, d variables.

/**
 * The distribution of the target sets that a policy may choose, one per history. It is made inside a gradient tape: what it returns
 * as tensors is differentiable in the network's outputs; draws are plain numbers.
 */
export interface TargetDistribution {
  /** Target flags [B * d], one stream per history. */
  draw(streams: readonly RandomStream[]): Uint8Array;
  /** The most probable target flags [B * d]. */
  mode(): Uint8Array;
  /** Exact log-probability [B] of target flags [B * d], nats. */
  logProbability(targets: Uint8Array): tf.Tensor1D;
  /** Exact entropy [B] of the target flags, nats. */
  entropy(): tf.Tensor1D;
  /** Every target set of positive probability, each as flags [B * d]; only where they are few enough to sum over. */
  enumerate?(): Uint8Array[];
}

/** Which variables may be targets: [B * d], 1 = allowed; left out where all may. */
export type AllowedTargets = Uint8Array;

/** What a kind of head that chooses a set of targets reads from the network's outputs, and as which distribution. */
export interface TargetHead<Options> {
  /** Outputs per variable beyond the logit that each kind has. */
  furtherOutputs(options: Options): number;
  /** Fewest and most targets on `size` variables. */
  targetRange(options: Options, size: number): { readonly least: number; readonly most: number };
  distribution(options: Options, outputs: ChoiceOutputs): TargetDistribution;
}

export interface ChoiceOutputs {
  /** [B, d] */
  readonly logits: tf.Tensor2D;
  /** [B, d, `furtherOutputs`] */
  readonly further: () => tf.Tensor3D;
  readonly allowed: AllowedTargets | undefined;
}

/** Added to the logit of what must not happen: its probability is exactly 0 in float32, its gradient too. */
export const FORBIDDEN_LOGIT = -1e9;

/** Number `channel` of every variable's outputs [B, d, O]: [B, d]. */
export function outputChannel(outputs: tf.Tensor3D, channel: number): tf.Tensor2D {
  const [batch, size] = outputs.shape;
  return tf.reshape(tf.slice(outputs, [0, 0, channel], [batch, size, 1]), [batch, size]);
}

/** Target flags as a constant [B, d]. */
export function flagTensor(targets: Uint8Array, batch: number, size: number): tf.Tensor2D {
  return tf.tensor2d(Float32Array.from(targets), [batch, size]);
}

/** `logits` [B, d] with those of forbidden variables at FORBIDDEN_LOGIT. */
export function withoutForbidden(logits: tf.Tensor2D, allowed: AllowedTargets | undefined): tf.Tensor2D {
  if (allowed === undefined) return logits;
  const [batch, size] = logits.shape;
  return tf.where(flagTensor(allowed, batch, size).cast('bool'), logits, tf.fill([batch, size], FORBIDDEN_LOGIT));
}

/** @throws CausalPilotError E_INPUT naming the first history that allows fewer than `least` targets. */
export function requireAllowed(
  allowed: AllowedTargets | undefined,
  { batch, size, least }: { batch: number; size: number; least: number },
): void {
  for (let b = 0; b < batch; b++) {
    const count = allowed === undefined ? size : allowed.subarray(b * size, (b + 1) * size).reduce((n, a) => n + a, 0);
    if (count < least)
      throw new CausalPilotError(
        'E_INPUT',
        `policy: history ${b} allows ${count} of ${size} variables as targets, but this policy chooses at least ${least}; allow more, or use a policy with another head`,
      );
  }
}
