import * as tf from '@tensorflow/tfjs';
import type { StoredTensor, TensorMap } from '../../core/checkpoint/safetensors.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import { Adam, polyakUpdate, valueAndGradients } from '../../core/tensor/optimizers.js';

import { candidateActions } from '../../models/candidate-actions.js';
import { Critic, type CriticConfig } from '../../models/critic.js';
import type { EncoderTraining } from '../../models/encoder.js';
import { type HistoryBatch, toHistoryBatch } from '../../models/history-batch.js';
import { DesignPolicy, type PolicyConfig } from '../../models/policy.js';
import { loadParts, partsToArrays, type StatePart } from '../state-parts.js';
import { candidateMean, choiceActorLoss } from './choice-loss.js';
import {
  actorLoss,
  combineEnsemble,
  criticLoss,
  logTemperatureGradient,
  type SoftTargetBatch,
  softTarget,
} from './losses.js';
import type { RedqConfig } from './redq-config.js';
import type { TransitionBatch } from './replay.js';
import { ScalarAdam } from './scalar-adam.js';

// Shapes: B transitions, d variables, C action numbers per variable.

export interface RedqLearnerOptions {
  readonly config: RedqConfig;
  readonly policy: PolicyConfig;
  readonly critic: CriticConfig;
  /** Action numbers per variable. */
  readonly channels: number;
  /** Names the initial weights. */
  readonly stream: RandomStream;
}

export interface CriticMetrics {
  readonly loss: number;
  readonly meanValue: number;
  readonly gradientNorm: number;
}

export interface PolicyMetrics {
  readonly loss: number;
  readonly meanLogProbability: number;
  readonly gradientNorm: number;
}

interface ActorStep {
  readonly history: HistoryBatch;
  /** One per critic, constants of the step. */
  readonly encodings: readonly tf.Tensor3D[];
  readonly training: EncoderTraining;
  readonly stream: RandomStream;
}

interface ActorSample {
  readonly loss: tf.Scalar;
  readonly logProbability: tf.Tensor1D;
}

interface TargetStep {
  readonly nextHistory: HistoryBatch;
  /** The target critics drawn for this step's minimum. */
  readonly critics: readonly Critic[];
  readonly stream: RandomStream;
}

type NextValue = Pick<SoftTargetBatch, 'nextValue' | 'nextLogProbability'>;

/**
 * Randomized ensembled double Q-learning (REDQ, arXiv:2101.05982) on soft actor-critic: N critics, of which M are drawn
 * for each target's minimum; automatic temperature. One call of `updateCritics` is one gradient step of every critic
 * followed by a Polyak step of the targets; one call of `updatePolicy` is one step of policy and temperature.
 */
export class RedqLearner {
  readonly policy: DesignPolicy;
  readonly critics: readonly Critic[];
  readonly targets: readonly Critic[];
  readonly #config: RedqConfig;
  readonly #policyOptimizer: Adam;
  readonly #criticOptimizers: readonly Adam[];
  readonly #temperatureOptimizer: ScalarAdam;
  readonly #parts: ReadonlyMap<string, StatePart>;

  constructor({ config, policy, critic, channels, stream }: RedqLearnerOptions) {
    this.#config = config;
    this.policy = new DesignPolicy(policy, channels, stream.child('policy'));
    const makeCritic = (index: number) => new Critic(critic, channels, stream.child('critic', index));
    this.critics = Array.from({ length: config.critics }, (_, index) => makeCritic(index));
    this.targets = Array.from({ length: config.critics }, (_, index) => makeCritic(index));
    const { clipNorm } = config;
    this.#policyOptimizer = new Adam(this.policy.parameters, { learningRate: config.policyLearningRate, clipNorm });
    this.#criticOptimizers = this.critics.map(
      ({ parameters }) => new Adam(parameters, { learningRate: config.criticLearningRate, clipNorm }),
    );
    this.#temperatureOptimizer = new ScalarAdam(Math.log(config.temperature.initial), config.temperature.learningRate);
    const numbered = (name: string, parts: readonly StatePart[]): [string, StatePart][] =>
      parts.map((part, index) => [`${name}${index}`, part]);
    const parametersOf = (critics: readonly Critic[]) => critics.map(({ parameters }) => parameters);
    this.#parts = new Map<string, StatePart>([
      ['policy', this.policy.parameters],
      ['policyOptimizer', this.#policyOptimizer],
      ...numbered('critic', parametersOf(this.critics)),
      ...numbered('criticOptimizer', this.#criticOptimizers),
      ...numbered('target', parametersOf(this.targets)),
    ]);
  }

  /** alpha, the weight of the entropy. */
  get temperature(): number {
    return Math.exp(this.#temperatureOptimizer.value);
  }

  /** One gradient step of every critic towards the soft target, then one Polyak step of every target critic. */
  updateCritics(batch: TransitionBatch, stream: RandomStream): CriticMetrics {
    const { history, action, target } = this.#prepareCriticStep(batch, stream);
    let loss = 0;
    let squaredNorm = 0;
    this.critics.forEach((critic, index) => {
      const step = valueAndGradients(
        () => criticLoss(critic.value(critic.encode(history), action), target),
        critic.parameters,
      );
      squaredNorm += this.#criticOptimizers[index]!.apply(step.gradients) ** 2;
      tf.dispose(step.gradients);
      loss += step.value / this.critics.length;
      polyakUpdate(this.targets[index]!.parameters, critic.parameters, this.#config.polyakRate);
    });
    const meanValue = tf.tidy(() => tf.mean(target).dataSync()[0]!);
    tf.dispose([history.channels, action, target]);
    history.rowMask?.dispose();
    return { loss, meanValue, gradientNorm: Math.sqrt(squaredNorm / this.critics.length) };
  }

  /** One gradient step of the policy on alpha log pi - Q, then one of the temperature. */
  updatePolicy(batch: TransitionBatch, targetEntropy: number, stream: RandomStream): PolicyMetrics {
    const history = toHistoryBatch(batch.history);
    // The critics' encoders see no action, so their output is a constant of this step.
    const encodings = tf.tidy(() => this.critics.map((critic) => critic.encode(history)));
    let logProbability: tf.Tensor1D | undefined;
    const training = { dropoutSeed: stream.child('dropout').integer(2 ** 32) };
    const chosen = { history, encodings, training, stream };
    const step = valueAndGradients(() => {
      const { loss, ...sample } = this.policy.head.hasGaussianSwitch
        ? this.#reparameterisedLoss(batch, chosen)
        : this.#choiceLoss(batch, chosen);
      logProbability = tf.keep(sample.logProbability);
      return loss;
    }, this.policy.parameters);
    const gradientNorm = this.#policyOptimizer.apply(step.gradients);
    const meanLogProbability = tf.tidy(() => tf.mean(logProbability!).dataSync()[0]!);
    if (this.#config.temperature.automatic)
      this.#temperatureOptimizer.step(logTemperatureGradient(meanLogProbability, targetEntropy));
    tf.dispose([history.channels, logProbability!, ...encodings, ...step.gradients]);
    history.rowMask?.dispose();
    return { loss: step.value, meanLogProbability, gradientNorm };
  }

  /** Weights, optimiser moments and temperature, by part of a checkpoint. */
  toArrays(): Map<string, StoredTensor> {
    const arrays = partsToArrays(this.#parts);
    arrays.set('temperature', { shape: [4], data: this.#temperatureOptimizer.toArray() });
    return arrays;
  }

  load(arrays: TensorMap, source: string): void {
    const temperature = arrays.get('temperature')?.data;
    if (!(temperature instanceof Float64Array))
      throw new CausalPilotError(
        'E_CHECKPOINT',
        `${source}: 'temperature' is missing; the checkpoint is not resumable`,
      );
    loadParts(this.#parts, arrays, source);
    this.#temperatureOptimizer.load(temperature);
  }

  dispose(): void {
    for (const optimizer of [this.#policyOptimizer, ...this.#criticOptimizers]) optimizer.dispose();
    for (const network of [this.policy, ...this.critics, ...this.targets]) network.dispose();
  }

  #prepareCriticStep(
    batch: TransitionBatch,
    stream: RandomStream,
  ): { history: HistoryBatch; action: tf.Tensor3D; target: tf.Tensor1D } {
    const { batch: count, size } = batch.history;
    const channels = this.policy.channels;
    const history = toHistoryBatch(batch.history);
    const action = tf.tensor3d(batch.actions, [count, size, channels]);
    const target = tf.tidy(() => {
      const nextHistory = toHistoryBatch(batch.nextHistory);
      const drawn = stream.child('subset').permutation(this.targets.length).subarray(0, this.#config.targetSubset);
      const critics = Array.from(drawn, (index) => this.targets[index]!);
      const next = this.policy.head.hasGaussianSwitch
        ? this.#reparameterisedNext(batch, { nextHistory, critics, stream })
        : this.#choiceNext(batch, { nextHistory, critics, stream });
      const bootstrapped = { reward: tf.tensor1d(batch.rewards), done: tf.tensor1d(batch.done), ...next };
      return softTarget(bootstrapped, this.#config.discount, this.temperature);
    });
    return { history, action, target };
  }

  #reparameterisedLoss(batch: TransitionBatch, { history, encodings, training, stream }: ActorStep): ActorSample {
    const { action, logProbability } = this.policy.sample(history, this.#noise(batch, stream.child('noise')), training);
    const values = this.critics.map((critic, index) => critic.value(encodings[index]!, action as tf.Tensor3D));
    const value = combineEnsemble(values, this.#config.actorValue);
    return { loss: actorLoss(logProbability, value, this.temperature), logProbability };
  }

  #choiceLoss(batch: TransitionBatch, { history, encodings, training, stream }: ActorStep): ActorSample {
    const distribution = this.policy.distribution(history, training);
    const candidates = candidateActions(distribution, [batch.history.batch, batch.history.size], {
      draws: this.#config.choiceSamples,
      stream: stream.child('choice'),
    });
    const values = this.critics.map((critic, index) => critic.values(encodings[index]!, candidates.actions));
    const value = combineEnsemble(values, this.#config.actorValue);
    const loss = choiceActorLoss(candidates, value, this.temperature);
    return { loss, logProbability: candidateMean(candidates, candidates.logProbability) };
  }

  #reparameterisedNext(batch: TransitionBatch, { nextHistory, critics, stream }: TargetStep): NextValue {
    const next = this.policy.sample(nextHistory, this.#noise(batch, stream.child('noise')));
    const values = critics.map((critic) => critic.value(critic.encode(nextHistory), next.action as tf.Tensor3D));
    return { nextValue: combineEnsemble(values, 'minimum'), nextLogProbability: next.logProbability };
  }

  #choiceNext(batch: TransitionBatch, { nextHistory, critics, stream }: TargetStep): NextValue {
    const candidates = candidateActions(
      this.policy.distribution(nextHistory),
      [batch.nextHistory.batch, batch.nextHistory.size],
      { draws: this.#config.choiceSamples, stream: stream.child('choice') },
    );
    const values = critics.map((critic) => critic.values(critic.encode(nextHistory), candidates.actions));
    return {
      nextValue: candidateMean(candidates, combineEnsemble(values, 'minimum')),
      nextLogProbability: candidateMean(candidates, candidates.logProbability),
    };
  }

  #noise(batch: TransitionBatch, stream: RandomStream): tf.Tensor3D {
    const shape: [number, number, number] = [batch.history.batch, batch.history.size, this.policy.channels];
    const values = new Float32Array(shape[0] * shape[1] * shape[2]);
    stream.fillNormal(values);
    return tf.tensor3d(values, shape);
  }
}
