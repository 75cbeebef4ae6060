import * as tf from '@tensorflow/tfjs';
import type { StoredTensor, TensorMap } from '../../core/checkpoint/safetensors.js';
import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import {
  CapturedStep,
  type StepInput,
  type StepTensors,
  scalarInput,
  vectorInput,
} from '../../core/tensor/captured-step.js';
import { finiteGuard, tensorNorms } from '../../core/tensor/optimizer-state.js';
import { Adam, Lamb, lossAndGradients, polyakUpdate } from '../../core/tensor/optimizers.js';
import { encoderDropoutInput } from '../../models/networks/encoder.js';
import { fromDatasets, type HistoryArrays, historyInputs } from '../../models/networks/history-batch.js';
import { AmortizedGraphPosterior } from '../../models/posterior/amortized-graph-posterior.js';
import type { GraphPosteriorConfig } from '../../models/posterior/graph-posterior-config.js';
import type { PosteriorTrainingConfig } from '../config/posterior-training-config.js';
import { averageRateAt, learningRateAt } from '../config/schedules.js';
import { loadParts, partsToArrays, type StatePart } from '../loop/state-parts.js';
import { edgeCrossEntropy, spectralRadius } from './loss.js';
import type { TrainingBatch } from './training-data.js';

// Shapes: B datasets, n rows, d variables.

export interface PosteriorStepMetrics {
  readonly loss: number;
  readonly spectralRadius: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
}

type PosteriorInputs = ReturnType<typeof historyInputs> & {
  /** [B, d, d] */ edges: StepInput;
  dropoutKeys: StepInput | undefined;
  /** Weight of the acyclicity penalty. */ multiplier: StepInput;
  averageRate: StepInput;
  constants: StepInput;
};

/**
 * Maximum-likelihood training of a graph posterior on simulated datasets with a Lagrangian acyclicity penalty and
 * Polyak-averaged weights (AVICI, arXiv:2205.12934, section 4 and appendix).
 */
export class PosteriorTrainer {
  /** The weights that gradients move. */
  readonly model: AmortizedGraphPosterior;
  /** Their running average, which is evaluated and kept. */
  readonly average: AmortizedGraphPosterior;
  readonly #config: PosteriorTrainingConfig;
  readonly #optimizer: Adam | Lamb;
  readonly #stream: RandomStream;
  readonly #update = new CapturedStep('posterior');
  readonly #parts: ReadonlyMap<string, StatePart>;
  #multiplier = 0;

  constructor(config: PosteriorTrainingConfig, network: GraphPosteriorConfig, stream: RandomStream) {
    this.#config = config;
    this.#stream = stream;
    this.model = new AmortizedGraphPosterior(network, stream.child('weights'));
    this.average = new AmortizedGraphPosterior(network, stream.child('weights'));
    const options = { learningRate: config.learningRate.peak, clipNorm: config.clipNorm };
    const Optimizer = config.optimizer === 'adam' ? Adam : Lamb;
    this.#optimizer = new Optimizer(this.model.parameters, options);
    this.#parts = new Map<string, StatePart>([
      ['model', this.model.parameters],
      ['average', this.average.parameters],
      ['optimizer', this.#optimizer],
    ]);
  }

  /** Weight of the acyclicity penalty. */
  get multiplier(): number {
    return this.#multiplier;
  }

  /**
   * Gradient step number `step` (from 0). Scales the batch's values in place.
   *
   * @throws CausalPilotError E_NUMERIC naming a parameter with a non-finite gradient; no weight is changed then.
   */
  step(step: number, datasets: TrainingBatch): PosteriorStepMetrics {
    const { acyclicity, learningRate: schedule, steps } = this.#config;
    const histories = fromDatasets(datasets);
    this.model.scaleInputs(histories);
    const learningRate = learningRateAt(schedule, step, steps);
    this.#optimizer.learningRate = learningRate;
    const usesPenalty = acyclicity.rate > 0 && step >= acyclicity.startStep;
    const outputs = this.#update.run(
      usesPenalty ? 'with acyclicity penalty' : '',
      this.#inputs(step, histories, datasets.labels ?? datasets.graphs),
      (tensors) => this.#moveWeights(tensors, usesPenalty),
    );
    const gradientNorm = this.#optimizer.globalNorm(outputs.norms);
    this.#optimizer.advance();
    const penalty = outputs.radius[0]!;
    if (usesPenalty && (step + 1) % acyclicity.every === 0) this.#multiplier += acyclicity.rate * penalty;
    return { loss: outputs.loss[0]!, spectralRadius: penalty, gradientNorm, learningRate };
  }

  /** Everything that a resumed run needs besides its counters. */
  toArrays(): Map<string, StoredTensor> {
    const arrays = partsToArrays(this.#parts);
    arrays.set('multiplier', { shape: [1], data: Float64Array.of(this.#multiplier) });
    return arrays;
  }

  load(arrays: TensorMap, source: string): void {
    const multiplier = arrays.get('multiplier')?.data[0];
    if (typeof multiplier !== 'number')
      throw new CausalPilotError('E_CHECKPOINT', `${source}: 'multiplier' is missing; the checkpoint is not resumable`);
    loadParts(this.#parts, arrays, source);
    this.#multiplier = multiplier;
  }

  dispose(): void {
    this.#update.dispose();
    this.#optimizer.dispose();
    this.model.dispose();
    this.average.dispose();
  }

  #inputs(step: number, histories: HistoryArrays, edges: ArrayLike<number>): PosteriorInputs {
    const { batch, size } = histories;
    return {
      ...historyInputs(histories),
      edges: { shape: [batch, size, size], values: Float32Array.from(edges) },
      dropoutKeys: encoderDropoutInput(this.model.config, this.#stream.child('dropout', step).integer(2 ** 32)),
      multiplier: scalarInput(this.#multiplier),
      averageRate: scalarInput(averageRateAt(this.#config.averageRate, step)),
      constants: vectorInput(this.#optimizer.nextConstants()),
    };
  }

  #moveWeights(tensors: StepTensors<PosteriorInputs>, usesPenalty: boolean) {
    const batch = { channels: tensors.channels as tf.Tensor4D, rowMask: tensors.rowMask as tf.Tensor2D | undefined };
    const training = tensors.dropoutKeys && { dropoutKeys: tensors.dropoutKeys as tf.Tensor1D };
    const { value, gradients, noted } = lossAndGradients((note) => {
      const logits = this.model.logits(batch, training);
      const loss = edgeCrossEntropy(logits, tensors.edges as tf.Tensor3D);
      if (!usesPenalty) return loss;
      const radius = spectralRadius(logits);
      note(radius);
      return tf.add(loss, tf.mul(tensors.multiplier, radius)) as tf.Scalar;
    }, this.model.parameters);
    const norms = tensorNorms(gradients);
    this.#optimizer.update(gradients, { norms, constants: tensors.constants as tf.Tensor1D });
    const rate = tf.add(tensors.averageRate, finiteGuard(norms));
    polyakUpdate(this.average.parameters, this.model.parameters, rate);
    return { loss: value, norms, radius: noted[0] ?? tf.scalar(0) };
  }
}
