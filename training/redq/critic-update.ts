import * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '../../core/random/stream.js';
import { CapturedStep, type StepTensors, scalarInput, vectorInput } from '../../core/tensor/captured-step.js';
import { finiteGuard, MOMENT_CONSTANTS, tensorNorms } from '../../core/tensor/optimizer-state.js';
import { lossAndGradients, polyakUpdate } from '../../core/tensor/optimizers.js';
import { type HistoryBatch, historyInputs } from '../../models/networks/history-batch.js';
import { candidateActions } from '../../models/policy/candidate-actions.js';
import { candidateMean } from './choice-loss.js';
import { combineEnsemble, criticLoss, type SoftTargetBatch, softTarget } from './losses.js';
import type { TransitionBatch } from './replay.js';
import { historyOf, noiseInput, type RedqNetworks, type UpdateOptions } from './update-context.js';

// Shapes: B transitions, d variables, C action numbers per variable, N critics.

export interface CriticMetrics {
  readonly loss: number;
  readonly meanValue: number;
  readonly gradientNorm: number;
}

type CriticTensors = StepTensors<ReturnType<typeof criticInputs>>;
type NextValue = Pick<SoftTargetBatch, 'nextValue' | 'nextLogProbability'>;

/** One gradient step of every critic towards the soft target, then one Polyak step of every target critic. */
export class CriticUpdate {
  readonly #networks: RedqNetworks;
  readonly #step: CapturedStep;

  constructor(networks: RedqNetworks) {
    this.#networks = networks;
    // Heads that choose targets read their probabilities to draw from.
    this.#step = new CapturedStep('critics', { capture: networks.policy.head.hasGaussianSwitch });
  }

  /**
   * Launches the update; the function that it returns waits for it.
   *
   * @throws CausalPilotError from that function: E_NUMERIC naming a parameter with a non-finite gradient; no critic is
   *   changed then.
   */
  start(batch: TransitionBatch, options: UpdateOptions): () => CriticMetrics {
    this.#drawTargets(options.stream);
    const inputs = criticInputs(this.#networks, batch, options);
    const finish = this.#step.start('', inputs, (tensors) => this.#update(tensors, options.stream));
    return () => this.#accept(finish());
  }

  #accept(outputs: { readonly losses: Float32Array; readonly norms: Float32Array; readonly meanValue: Float32Array }) {
    const { critics, criticOptimizers } = this.#networks;
    let start = 0;
    const norms = critics.map(({ parameters }, index) => {
      start += parameters.names.length;
      return criticOptimizers[index]!.globalNorm(outputs.norms.subarray(start - parameters.names.length, start));
    });
    for (const optimizer of criticOptimizers) optimizer.advance();
    return {
      loss: outputs.losses.reduce((sum, loss) => sum + loss / critics.length, 0),
      meanValue: outputs.meanValue[0]!,
      gradientNorm: Math.sqrt(norms.reduce((sum, norm) => sum + norm ** 2, 0) / critics.length),
    };
  }

  dispose(): void {
    this.#step.dispose();
  }

  #drawTargets(stream: RandomStream): void {
    const { targets, drawnTargets } = this.#networks;
    if (drawnTargets === targets) return;
    const order = stream.child('subset').permutation(targets.length);
    drawnTargets.forEach(({ parameters }, slot) => {
      polyakUpdate(parameters, targets[order[slot]!]!.parameters, 1);
    });
  }

  /** All gradients come before the first change, so that a bad one leaves every critic as it is. */
  #update(tensors: CriticTensors, stream: RandomStream) {
    const { critics, targets, criticOptimizers } = this.#networks;
    const target = tf.tidy(() => this.#target(tensors, stream));
    const history = historyOf(tensors.channels, tensors.rowMask);
    const action = tensors.action as tf.Tensor3D;
    const steps = critics.map((critic) =>
      lossAndGradients(() => criticLoss(critic.value(critic.encode(history), action), target), critic.parameters),
    );
    const norms = steps.map(({ gradients }) => tensorNorms(gradients));
    const guard = finiteGuard(tf.concat1d(norms));
    const rate = tf.add(tensors.polyakRate, guard);
    critics.forEach((critic, index) => {
      const size = MOMENT_CONSTANTS.length;
      const constants = tf.slice1d(tensors.constants as tf.Tensor1D, index * size, size);
      const guarded = tf.add(norms[index]!, guard) as tf.Tensor1D;
      criticOptimizers[index]!.update(steps[index]!.gradients, { norms: guarded, constants });
      polyakUpdate(targets[index]!.parameters, critic.parameters, rate);
    });
    return { losses: tf.stack(steps.map(({ value }) => value)), norms: tf.concat1d(norms), meanValue: tf.mean(target) };
  }

  /** y [B]. */
  #target(tensors: CriticTensors, stream: RandomStream): tf.Tensor1D {
    const nextHistory = historyOf(tensors.nextChannels, tensors.nextRowMask);
    const next =
      tensors.noise === undefined
        ? this.#choiceNext(nextHistory, stream)
        : this.#reparameterisedNext(nextHistory, tensors.noise as tf.Tensor3D);
    const bootstrapped = { reward: tensors.reward as tf.Tensor1D, done: tensors.done as tf.Tensor1D, ...next };
    return softTarget(bootstrapped, this.#networks.config.discount, tensors.temperature as tf.Scalar);
  }

  #reparameterisedNext(nextHistory: HistoryBatch, noise: tf.Tensor3D): NextValue {
    const { policy, drawnTargets } = this.#networks;
    const next = policy.sample(nextHistory, noise);
    const values = drawnTargets.map((critic) => critic.value(critic.encode(nextHistory), next.action as tf.Tensor3D));
    return { nextValue: combineEnsemble(values, 'minimum'), nextLogProbability: next.logProbability };
  }

  #choiceNext(nextHistory: HistoryBatch, stream: RandomStream): NextValue {
    const { policy, drawnTargets, config } = this.#networks;
    const [batch, , size] = nextHistory.channels.shape;
    const candidates = candidateActions(policy.distribution(nextHistory), [batch, size], {
      draws: config.choiceSamples,
      stream: stream.child('choice'),
    });
    const values = drawnTargets.map((critic) => critic.values(critic.encode(nextHistory), candidates.actions));
    return {
      nextValue: candidateMean(candidates, combineEnsemble(values, 'minimum')),
      nextLogProbability: candidateMean(candidates, candidates.logProbability),
    };
  }
}

function criticInputs(networks: RedqNetworks, batch: TransitionBatch, { temperature, stream }: UpdateOptions) {
  const { policy, config, criticOptimizers } = networks;
  const { batch: count, size } = batch.history;
  const [history, next] = [historyInputs(batch.history), historyInputs(batch.nextHistory)];
  const constants = criticOptimizers.flatMap((optimizer) => [...optimizer.nextConstants()]);
  return {
    channels: history.channels,
    rowMask: history.rowMask,
    nextChannels: next.channels,
    nextRowMask: next.rowMask,
    action: { shape: [count, size, policy.channels], values: batch.actions },
    reward: vectorInput(batch.rewards),
    done: vectorInput(batch.done),
    noise: noiseInput(networks, batch, stream),
    temperature: scalarInput(temperature),
    polyakRate: scalarInput(config.polyakRate),
    constants: vectorInput(Float32Array.from(constants)),
  };
}
