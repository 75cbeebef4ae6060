import type * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '../../core/random/stream.js';
import type { StepInput } from '../../core/tensor/captured-step.js';
import type { Adam } from '../../core/tensor/optimizers.js';
import type { HistoryBatch } from '../../models/networks/history-batch.js';
import type { Critic } from '../../models/policy/critic.js';
import type { DesignPolicy } from '../../models/policy/design-policy.js';
import type { RedqConfig } from '../config/redq-config.js';
import type { TransitionBatch } from './replay.js';

/** The networks of REDQ and the optimisers that its two updates share. */
export interface RedqNetworks {
  readonly config: RedqConfig;
  readonly policy: DesignPolicy;
  readonly critics: readonly Critic[];
  readonly targets: readonly Critic[];
  /**
   * The M target critics of one step's minimum: `targets` themselves if all are used, else copies of those drawn, so that
   * one recording serves every draw.
   */
  readonly drawnTargets: readonly Critic[];
  readonly policyOptimizer: Adam;
  readonly criticOptimizers: readonly Adam[];
}

/** What an update needs besides its minibatch. */
export interface UpdateOptions {
  /** alpha, the weight of the entropy. */
  readonly temperature: number;
  readonly stream: RandomStream;
}

/** Standard normal numbers [B, d, C] of reparameterised actions; none for heads that choose targets. */
export function noiseInput(
  { policy }: RedqNetworks,
  { history: { batch, size } }: TransitionBatch,
  stream: RandomStream,
): StepInput | undefined {
  if (!policy.head.hasGaussianSwitch) return undefined;
  const values = new Float32Array(batch * size * policy.channels);
  stream.child('noise').fillNormal(values);
  return { shape: [batch, size, policy.channels], values };
}

/** The history whose inputs these tensors are. */
export function historyOf(channels: tf.Tensor, rowMask: tf.Tensor | undefined): HistoryBatch {
  return { channels: channels as tf.Tensor4D, rowMask: rowMask as tf.Tensor2D | undefined };
}
