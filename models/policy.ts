import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { History } from '../core/causal/history.js';
import { type Intervention, type InterventionKind, KINDS_WITH_VALUES } from '../core/causal/intervention.js';
import { CausalPilotError } from '../core/errors.js';
import type { RandomStream } from '../core/random/stream.js';
import { ParameterSet } from '../core/tensor/parameters.js';
import { AlternatingEncoder, EncoderConfig, type EncoderTraining } from './encoder.js';
import { type HistoryBatch, packHistories, toHistoryBatch } from './history-batch.js';
import { Mlp } from './mlp.js';
import { type TanhGaussianSample, tanhGaussianSample } from './tanh-gaussian.js';

// Shapes: B histories, d variables, C action numbers per variable.

export const PolicyConfig = z.strictObject({
  ...EncoderConfig.shape,
  dropout: EncoderConfig.shape.dropout.unwrap().default(0.1).describe('residual dropout of the encoder while training'),
  hidden: z.array(z.int().min(1)).default([128, 128]).describe('hidden widths of the head (ReLU)'),
  initialStd: z
    .number()
    .gt(0)
    .lte(1)
    .default(Math.sqrt(1 / 3))
    .describe('standard deviation before tanh at the start'),
  minimumLogStd: z.number().lt(0).default(-20).describe('lower clamp of the log standard deviation'),
  chunk: z.int().min(1).default(256).describe('histories per forward pass when proposing'),
});
export type PolicyConfig = z.infer<typeof PolicyConfig>;

/** Action numbers per variable: target switch, and a value for the kinds that take one. */
export function actionChannels(kind: InterventionKind): number {
  return KINDS_WITH_VALUES.has(kind) ? 2 : 1;
}

export interface PolicyDecisionOptions {
  /** `stochastic` samples the tanh-Gaussian, `deterministic` takes tanh of its mean. */
  readonly mode: 'stochastic' | 'deterministic';
  readonly interventionKind: InterventionKind;
  /** Largest allowed |value|: the action's value number is multiplied by it. */
  readonly valueRange: number;
  /** One per history; only read in stochastic mode. */
  readonly streams: readonly RandomStream[];
}

/** Mean and log standard deviation of the Gaussian before tanh, both [B, d, C]. */
export interface ActionDistribution {
  readonly mean: tf.Tensor3D;
  readonly logStd: tf.Tensor3D;
}

/**
 * CAASL's design policy: encoder, then an MLP per variable that gives the mean and log standard deviation of each
 * action number; the action is tanh(mean + std * noise). Number 0 > 0 makes the variable a target, number 1 is its value.
 */
export class DesignPolicy {
  readonly parameters = new ParameterSet();
  readonly #encoder: AlternatingEncoder;
  readonly #head: Mlp;

  constructor(
    readonly config: PolicyConfig,
    readonly channels: number,
    stream: RandomStream,
  ) {
    const scope = { parameters: this.parameters, prefix: 'encoder', stream };
    this.#encoder = new AlternatingEncoder(scope, config);
    this.#head = new Mlp(
      { ...scope, prefix: 'head' },
      { inputs: config.width, hidden: config.hidden, outputs: 2 * channels, outputGain: 0.1 },
    );
  }

  distribution(batch: HistoryBatch, training?: EncoderTraining): ActionDistribution {
    const outputs = this.#head.apply(this.#encoder.encode(batch, training)) as tf.Tensor3D;
    const [mean, rawLogStd] = tf.split(outputs, 2, -1) as [tf.Tensor3D, tf.Tensor3D];
    const shifted = tf.add(rawLogStd, Math.log(this.config.initialStd));
    return { mean, logStd: tf.clipByValue(shifted, this.config.minimumLogStd, 0) as tf.Tensor3D };
  }

  /** Reparameterised actions with standard normal `noise` [B, d, C]. */
  sample(batch: HistoryBatch, noise: tf.Tensor3D, training?: EncoderTraining): TanhGaussianSample {
    const { mean, logStd } = this.distribution(batch, training);
    return tanhGaussianSample(mean, logStd, noise);
  }

  /** Action numbers [K, d, C] in (-1, 1), all histories in forward passes of `config.chunk`. */
  act(
    histories: readonly History[],
    mode: 'stochastic' | 'deterministic',
    streams: readonly RandomStream[],
  ): Float32Array {
    const size = histories[0]?.size ?? 0;
    const perHistory = size * this.channels;
    const actions = new Float32Array(histories.length * perHistory);
    for (let start = 0; start < histories.length; start += this.config.chunk) {
      const part = histories.slice(start, start + this.config.chunk);
      const noise = new Float32Array(part.length * perHistory);
      if (mode === 'stochastic') {
        part.forEach((_, k) => {
          const stream = streams[start + k];
          if (stream === undefined)
            throw new CausalPilotError(
              'E_SHAPE',
              `DesignPolicy.act: 'streams' must hold one stream per history (${histories.length}), got ${streams.length}`,
            );
          stream.fillNormal(noise.subarray(k * perHistory, (k + 1) * perHistory));
        });
      }
      actions.set(this.#forward(part, noise, mode), start * perHistory);
    }
    return actions;
  }

  /** One intervention per history. */
  propose(histories: readonly History[], options: PolicyDecisionOptions): Intervention[] {
    const actions = this.act(histories, options.mode, options.streams);
    return interventionsFromActions(actions, histories[0]?.size ?? 0, options);
  }

  dispose(): void {
    this.parameters.dispose();
  }

  #forward(histories: readonly History[], noise: Float32Array, mode: 'stochastic' | 'deterministic'): Float32Array {
    return tf.tidy(() => {
      const batch = toHistoryBatch(packHistories(histories));
      if (mode === 'deterministic') return tf.tanh(this.distribution(batch).mean).dataSync() as Float32Array;
      const shape: [number, number, number] = [histories.length, histories[0]!.size, this.channels];
      return this.sample(batch, tf.tensor3d(noise, shape)).action.dataSync() as Float32Array;
    });
  }
}

/** Action numbers [K, d, C] -> interventions; C = 2 carries values, C = 1 targets only. */
export function interventionsFromActions(
  actions: Float32Array,
  size: number,
  { interventionKind, valueRange }: Pick<PolicyDecisionOptions, 'interventionKind' | 'valueRange'>,
): Intervention[] {
  const channels = actionChannels(interventionKind);
  const stride = size * channels;
  return Array.from({ length: stride === 0 ? 0 : actions.length / stride }, (_, k) => {
    const targets = new Uint8Array(size);
    const values = new Float32Array(size);
    for (let variable = 0; variable < size; variable++) {
      const at = k * stride + variable * channels;
      targets[variable] = actions[at]! > 0 ? 1 : 0;
      if (channels === 2) values[variable] = valueRange * actions[at + 1]!;
    }
    return { kind: interventionKind, targets, ...(channels === 2 ? { values } : {}) };
  });
}
