import * as tf from '@tensorflow/tfjs';
import { checkResolution } from '../../core/causal/check-resolution.js';
import type { History } from '../../core/causal/history.js';
import type { Intervention, InterventionKind } from '../../core/causal/intervention.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import { ParameterSet } from '../../core/tensor/parameters.js';
import type { EncoderTraining } from '../networks/encoder.js';
import { type HistoryBatch, packHistories, toHistoryBatch } from '../networks/history-batch.js';
import { HistoryEncoder, type HistoryEncoding } from '../networks/history-encoder.js';
import type { ScaleWatch } from '../networks/trained-scale.js';
import type { ActionDistribution } from './action-head.js';
import { checkUnits, interventionsFromActions } from './action-numbers.js';
import { createPolicyHead } from './create-policy-head.js';
import { type TanhGaussianSample, tanhGaussianSample } from './distributions/tanh-gaussian.js';
import type { AllowedTargets } from './distributions/target-distribution.js';
import type { PolicyConfig } from './policy-config.js';
import type { PolicyHead } from './policy-head.js';

// Shapes: B histories, d variables, C action numbers per variable.

const DECISION_MODES = ['stochastic', 'deterministic'] as const;
export type DecisionMode = (typeof DECISION_MODES)[number];

export interface PolicyDecisionOptions {
  /** `stochastic` samples; `deterministic` takes the most probable targets and tanh of the mean of their values. */
  readonly mode: DecisionMode;
  readonly interventionKind: InterventionKind;
  /** Largest allowed |value|: the action's value number is multiplied by it. */
  readonly valueRange: number;
  /** One per history; only read in stochastic mode. */
  readonly streams: readonly RandomStream[];
  /** One per history, [d], 1 where the variable may be a target. @defaultValue all may */
  readonly allowedTargets?: readonly Uint8Array[];
}

/**
 * CAASL's design policy: encoder, then a head: an MLP per variable whose outputs are read as a distribution, or values of sets
 * of targets. An action is C numbers in (-1, 1) per variable: number 0 > 0 makes the variable a target, number 1 is its value.
 */
export class DesignPolicy {
  /** @internal */
  readonly parameters = new ParameterSet();
  /** @internal */
  readonly head: PolicyHead;
  /**
   * Of loaded policies that read values as measured.
   *
   * @internal
   */
  scaleWatch: ScaleWatch | undefined;
  readonly #encoder: HistoryEncoder;

  constructor(
    readonly config: PolicyConfig,
    readonly channels: number,
    stream: RandomStream,
  ) {
    const scope = { parameters: this.parameters, stream };
    this.#encoder = new HistoryEncoder(scope, config);
    this.head = createPolicyHead(scope, config, channels);
  }

  /**
   * What the head makes of the network's outputs for a batch; `allowed` rules targets out.
   *
   * @internal
   */
  distribution(batch: HistoryBatch, training?: EncoderTraining, allowed?: AllowedTargets): ActionDistribution {
    return this.head.distribution(this.encode(batch, training), allowed);
  }

  /**
   * What the head reads of a batch.
   *
   * @internal
   */
  encode(batch: HistoryBatch, training?: EncoderTraining): HistoryEncoding {
    return this.#encoder.encodeAll(batch, training);
  }

  /**
   * Reparameterised actions of the independent head with standard normal `noise` [B, d, C].
   *
   * @throws CausalPilotError E_STATE for the other heads, whose targets are chosen and not reparameterised.
   * @internal
   */
  sample(batch: HistoryBatch, noise: tf.Tensor3D, training?: EncoderTraining): TanhGaussianSample {
    if (!this.head.hasGaussianSwitch)
      throw new CausalPilotError(
        'E_STATE',
        `DesignPolicy.sample: the '${this.config.head.kind}' head has no reparameterised action; use candidateActions`,
      );
    const { mean, logStd } = this.distribution(batch, training);
    return tanhGaussianSample(mean, logStd, noise);
  }

  /**
   * Action numbers [K, d, C] in (-1, 1), all histories in forward passes of `config.chunk`.
   *
   * @throws CausalPilotError E_SHAPE if stochastic decisions lack streams or `allowedTargets` does not fit the histories;
   * E_INPUT if it leaves a history fewer targets than the head chooses.
   */
  act(
    histories: readonly History[],
    mode: DecisionMode,
    streams: readonly RandomStream[],
    { allowedTargets }: Pick<PolicyDecisionOptions, 'allowedTargets'> = {},
  ): Float32Array {
    if (this.config.inputScaling === 'standardize') checkResolution('policy', histories);
    const size = histories[0]?.size ?? 0;
    if (mode === 'stochastic') requireOnePerHistory('streams', streams.length, histories.length);
    if (allowedTargets !== undefined) requireOnePerHistory('allowedTargets', allowedTargets.length, histories.length);
    const actions = new Float32Array(histories.length * size * this.channels);
    for (let start = 0; start < histories.length; start += this.config.chunk) {
      const end = start + this.config.chunk;
      const chosen = tf.tidy(() =>
        this.head.decide(this.encode(toHistoryBatch(packHistories(histories.slice(start, end)))), {
          streams: mode === 'stochastic' ? streams.slice(start, end) : undefined,
          allowed: joinAllowed(allowedTargets?.slice(start, end), size),
        }),
      );
      actions.set(chosen, start * size * this.channels);
    }
    return actions;
  }

  /**
   * One intervention per history.
   *
   * @throws CausalPilotError as `act`; E_INPUT for a mode or kind of intervention that there is not or that the policy was not
   * trained for, or a range that is not a positive number.
   */
  propose(histories: readonly History[], options: PolicyDecisionOptions): Intervention[] {
    checkUnits(options, this.channels);
    if (!DECISION_MODES.includes(options.mode))
      throw new CausalPilotError(
        'E_INPUT',
        `policy: 'mode' must be ${DECISION_MODES.join(' or ')}, got '${options.mode}'`,
      );
    this.scaleWatch?.look(histories);
    // Untyped callers leave streams out.
    const actions = this.act(histories, options.mode, options.streams ?? [], options);
    return interventionsFromActions(actions, histories[0]?.size ?? 0, options);
  }

  /** Entropy of the choice of targets after each history, nats. */
  targetEntropies(histories: readonly History[]): Float32Array {
    const entropies = new Float32Array(histories.length);
    for (let start = 0; start < histories.length; start += this.config.chunk) {
      const part = histories.slice(start, start + this.config.chunk);
      const own = tf.tidy(() => this.head.targetEntropies(this.encode(toHistoryBatch(packHistories(part)))));
      entropies.set(own, start);
    }
    return entropies;
  }

  dispose(): void {
    this.parameters.dispose();
  }
}

function requireOnePerHistory(what: string, given: number, histories: number): void {
  if (given >= histories) return;
  throw new CausalPilotError(
    'E_SHAPE',
    `DesignPolicy.act: '${what}' must hold one ${what === 'streams' ? 'stream' : 'array'} per history (${histories}), got ${given}`,
  );
}

function joinAllowed(allowed: readonly Uint8Array[] | undefined, size: number): AllowedTargets | undefined {
  if (allowed === undefined) return undefined;
  const joined = new Uint8Array(allowed.length * size);
  allowed.forEach((flags, k) => {
    if (flags.length !== size)
      throw new CausalPilotError(
        'E_SHAPE',
        `DesignPolicy.act: 'allowedTargets' of history ${k} must have ${size} entries, got ${flags.length}`,
      );
    joined.set(flags, k * size);
  });
  return joined;
}
