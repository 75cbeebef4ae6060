import * as tf from '@tensorflow/tfjs';
import type { RandomStream } from '../../core/random/stream.js';
import { CapturedStep, type StepTensors, scalarInput, vectorInput } from '../../core/tensor/captured-step.js';
import { tensorNorms } from '../../core/tensor/optimizer-state.js';
import { lossAndGradients } from '../../core/tensor/optimizers.js';
import { type EncoderTraining, encoderDropoutInput } from '../../models/networks/encoder.js';
import { type HistoryBatch, historyInputs } from '../../models/networks/history-batch.js';
import { candidateActions } from '../../models/policy/candidate-actions.js';
import { candidateMean, choiceActorLoss } from './choice-loss.js';
import { actorLoss, combineEnsemble } from './losses.js';
import type { TransitionBatch } from './replay.js';
import { historyOf, noiseInput, type RedqNetworks, type UpdateOptions } from './update-context.js';

// Shapes: B transitions, d variables, C action numbers per variable.

export interface PolicyMetrics {
  readonly loss: number;
  readonly meanLogProbability: number;
  readonly gradientNorm: number;
}

interface ActorStep {
  readonly history: HistoryBatch;
  /** One per critic, constants of the step. */
  readonly encodings: readonly tf.Tensor3D[];
  readonly training: EncoderTraining | undefined;
  readonly temperature: tf.Scalar;
}

interface ActorSample {
  readonly loss: tf.Scalar;
  readonly logProbability: tf.Tensor1D;
}

type PolicyTensors = StepTensors<ReturnType<typeof policyInputs>>;

/** One gradient step of the policy on alpha log pi - Q. */
export class PolicyUpdate {
  readonly #networks: RedqNetworks;
  readonly #step: CapturedStep;

  constructor(networks: RedqNetworks) {
    this.#networks = networks;
    // Heads that choose targets read their probabilities to draw from.
    this.#step = new CapturedStep('policy', { capture: networks.policy.head.hasGaussianSwitch });
  }

  /**
   * Launches the update; the function that it returns waits for it.
   *
   * @throws CausalPilotError from that function: E_NUMERIC naming a parameter with a non-finite gradient; nothing is
   *   changed then.
   */
  start(batch: TransitionBatch, options: UpdateOptions): () => PolicyMetrics {
    const { policyOptimizer } = this.#networks;
    const inputs = policyInputs(this.#networks, batch, options);
    const finish = this.#step.start('', inputs, (tensors) => this.#update(tensors, options.stream));
    return () => {
      const outputs = finish();
      const gradientNorm = policyOptimizer.globalNorm(outputs.norms);
      policyOptimizer.advance();
      return { loss: outputs.loss[0]!, meanLogProbability: outputs.meanLogProbability[0]!, gradientNorm };
    };
  }

  dispose(): void {
    this.#step.dispose();
  }

  #update(tensors: PolicyTensors, stream: RandomStream) {
    const { policy, critics, policyOptimizer } = this.#networks;
    const history = historyOf(tensors.channels, tensors.rowMask);
    // The critics' encoders see no action, so their output is a constant of this step.
    const encodings = critics.map((critic) => tf.tidy(() => critic.encode(history)));
    const training = tensors.dropoutKeys && { dropoutKeys: tensors.dropoutKeys as tf.Tensor1D };
    const step = { history, encodings, training, temperature: tensors.temperature as tf.Scalar };
    const { value, gradients, noted } = lossAndGradients((note) => {
      const { loss, logProbability } =
        tensors.noise === undefined
          ? this.#choiceLoss(step, stream)
          : this.#reparameterisedLoss(step, tensors.noise as tf.Tensor3D);
      note(tf.mean(logProbability));
      return loss;
    }, policy.parameters);
    const norms = tensorNorms(gradients);
    policyOptimizer.update(gradients, { norms, constants: tensors.constants as tf.Tensor1D });
    return { loss: value, norms, meanLogProbability: noted[0]! };
  }

  #reparameterisedLoss({ history, encodings, training, temperature }: ActorStep, noise: tf.Tensor3D): ActorSample {
    const { policy, critics, config } = this.#networks;
    const { action, logProbability } = policy.sample(history, noise, training);
    const values = critics.map((critic, index) => critic.value(encodings[index]!, action as tf.Tensor3D));
    const value = combineEnsemble(values, config.actorValue);
    return { loss: actorLoss(logProbability, value, temperature), logProbability };
  }

  #choiceLoss({ history, encodings, training, temperature }: ActorStep, stream: RandomStream): ActorSample {
    const { policy, critics, config } = this.#networks;
    const [batch, , size] = history.channels.shape;
    const candidates = candidateActions(policy.distribution(history, training), [batch, size], {
      draws: config.choiceSamples,
      stream: stream.child('choice'),
    });
    const values = critics.map((critic, index) => critic.values(encodings[index]!, candidates.actions));
    const value = combineEnsemble(values, config.actorValue);
    const loss = choiceActorLoss(candidates, value, temperature);
    return { loss, logProbability: candidateMean(candidates, candidates.logProbability) };
  }
}

function policyInputs(networks: RedqNetworks, batch: TransitionBatch, { temperature, stream }: UpdateOptions) {
  const { policy, policyOptimizer } = networks;
  return {
    ...historyInputs(batch.history),
    noise: noiseInput(networks, batch, stream),
    dropoutKeys: encoderDropoutInput(policy.config, stream.child('dropout').integer(2 ** 32)),
    temperature: scalarInput(temperature),
    constants: vectorInput(policyOptimizer.nextConstants()),
  };
}
