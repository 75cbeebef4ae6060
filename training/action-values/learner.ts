import * as tf from '@tensorflow/tfjs';
import type { History } from '../../core/causal/history.js';
import type { StoredTensor, TensorMap } from '../../core/checkpoint/safetensors.js';
import { CausalPilotError } from '../../core/errors.js';
import {
  CapturedStep,
  type StepInput,
  type StepTensors,
  scalarInput,
  vectorInput,
} from '../../core/tensor/captured-step.js';
import { finiteGuard, tensorNorms } from '../../core/tensor/optimizer-state.js';
import { Adam, lossAndGradients, polyakUpdate } from '../../core/tensor/optimizers.js';
import { encoderDropoutInput } from '../../models/networks/encoder.js';
import { historyInputs, packHistories, toHistoryBatch } from '../../models/networks/history-batch.js';
import type { DesignPolicy } from '../../models/policy/design-policy.js';
import { ScoredSetsHead } from '../../models/policy/scored-sets-head.js';
import type { ActionValueConfig } from '../config/action-value-config.js';
import { averageRateAt } from '../config/schedules.js';
import { loadParts, partsToArrays, type StatePart } from '../loop/state-parts.js';
import type { TriedState } from './collect.js';

// Shapes: B states, S sets of targets, d variables.

type ValueInputs = ReturnType<typeof historyInputs> & {
  /** [B, S, d] */ sets: StepInput;
  /** [B, S] */ advantages: StepInput;
  dropoutKeys: StepInput | undefined;
  averageRate: StepInput;
  constants: StepInput;
};

export interface ValueStepMetrics {
  /** Mean squared error of the values' differences within a state. */
  readonly loss: number;
  readonly gradientNorm: number;
}

/** Regresses the values of sets of targets, centred within each state, on what they turned out to be worth there. */
export class ActionValueLearner {
  /** The weights that gradients move. */
  readonly policy: DesignPolicy;
  /** Their running average, which decides, is evaluated and kept. */
  readonly average: DesignPolicy;
  readonly #averageRate: number;
  readonly #optimizer: Adam;
  readonly #update = new CapturedStep('action values');
  readonly #parts: ReadonlyMap<string, StatePart>;

  /**
   * @param makePolicy - called twice, for weights that start equal
   * @throws CausalPilotError E_CONFIG for a policy that does not value sets of targets.
   */
  constructor(makePolicy: () => DesignPolicy, { learningRate, clipNorm, averageRate }: ActionValueConfig) {
    this.policy = makePolicy();
    this.average = makePolicy();
    this.#averageRate = averageRate;
    this.#optimizer = new Adam(this.policy.parameters, { learningRate: learningRate.peak, clipNorm });
    this.#parts = new Map<string, StatePart>([
      ['policy', this.policy.parameters],
      ['average', this.average.parameters],
      ['policyOptimizer', this.#optimizer],
    ]);
  }

  /** Values [K, S] of sets, [K] of [S, d], by the averaged weights. */
  valueOf(histories: readonly History[], sets: readonly Int8Array[]): Float32Array {
    const { chunk } = this.average.config;
    const count = (sets[0]?.length ?? 0) / (histories[0]?.size ?? 1);
    const values = new Float32Array(histories.length * count);
    for (let start = 0; start < histories.length; start += chunk) {
      const part = histories.slice(start, start + chunk);
      const given = setInput(sets.slice(start, start + chunk), part[0]?.size ?? 0);
      const own = tf.tidy(() => {
        const encoding = this.average.encode(toHistoryBatch(packHistories(part)));
        const listed = tf.tensor<tf.Rank.R3>(given.values, [...given.shape] as [number, number, number]);
        return scoredHead(this.average).values(encoding, listed).dataSync<'float32'>();
      });
      values.set(own, start * count);
    }
    return values;
  }

  /**
   * Gradient step number `step` (from 0) at a learning rate.
   *
   * @throws CausalPilotError E_NUMERIC naming a parameter with a non-finite gradient; no weight is changed then.
   */
  step(step: number, states: readonly TriedState[], { learningRate, dropoutSeed }: StepSettings): ValueStepMetrics {
    this.#optimizer.learningRate = learningRate;
    const outputs = this.#update.run('', this.#inputs(step, states, dropoutSeed), (tensors) =>
      this.#moveWeights(tensors),
    );
    const gradientNorm = this.#optimizer.globalNorm(outputs.norms);
    this.#optimizer.advance();
    return { loss: outputs.loss[0]!, gradientNorm };
  }

  /** Weights and optimiser moments. */
  toArrays(): Map<string, StoredTensor> {
    return partsToArrays(this.#parts);
  }

  load(arrays: TensorMap, source: string): void {
    loadParts(this.#parts, arrays, source);
  }

  dispose(): void {
    this.#update.dispose();
    this.#optimizer.dispose();
    this.policy.dispose();
    this.average.dispose();
  }

  #inputs(step: number, states: readonly TriedState[], dropoutSeed: number): ValueInputs {
    const histories = packHistories(states.map(({ history }) => history));
    const sets = setInput(
      states.map((state) => state.sets),
      histories.size,
    );
    const count = sets.shape[1]!;
    const advantages = new Float32Array(states.length * count);
    states.forEach((state, b) => {
      advantages.set(state.advantages, b * count);
    });
    return {
      ...historyInputs(histories),
      sets,
      advantages: { shape: [states.length, count], values: advantages },
      dropoutKeys: encoderDropoutInput(this.policy.config, dropoutSeed),
      averageRate: scalarInput(averageRateAt(this.#averageRate, step)),
      constants: vectorInput(this.#optimizer.nextConstants()),
    };
  }

  #moveWeights(tensors: StepTensors<ValueInputs>) {
    const batch = { channels: tensors.channels as tf.Tensor4D, rowMask: tensors.rowMask as tf.Tensor2D | undefined };
    const training = tensors.dropoutKeys && { dropoutKeys: tensors.dropoutKeys as tf.Tensor1D };
    const { value, gradients } = lossAndGradients(() => {
      const values = scoredHead(this.policy).values(this.policy.encode(batch, training), tensors.sets as tf.Tensor3D);
      const error = tf.sub(tf.sub(values, tf.mean(values, 1, true)), tensors.advantages);
      return tf.mean(tf.square(error)) as tf.Scalar;
    }, this.policy.parameters);
    const norms = tensorNorms(gradients);
    this.#optimizer.update(gradients, { norms, constants: tensors.constants as tf.Tensor1D });
    polyakUpdate(this.average.parameters, this.policy.parameters, tf.add(tensors.averageRate, finiteGuard(norms)));
    return { loss: value, norms };
  }
}

export interface StepSettings {
  readonly learningRate: number;
  /** uint32 */
  readonly dropoutSeed: number;
}

/** @throws CausalPilotError E_CONFIG for another head. */
export function scoredHead({ head, config }: DesignPolicy): ScoredSetsHead {
  if (head instanceof ScoredSetsHead) return head;
  throw new CausalPilotError(
    'E_CONFIG',
    `learner: 'action-values' learns what sets of targets are worth, and a policy with the '${config.head.kind}' head gives them no values; set policy.head.kind=scored`,
  );
}

/** Sets [B] of [S, d] as [B, S, d]. */
function setInput(sets: readonly Int8Array[], size: number): StepInput {
  const count = (sets[0]?.length ?? 0) / size;
  const values = new Float32Array(sets.length * count * size);
  sets.forEach((own, b) => {
    values.set(own, b * count * size);
  });
  return { shape: [sets.length, count, size], values };
}
