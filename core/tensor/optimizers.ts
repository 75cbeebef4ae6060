import * as tf from '@tensorflow/tfjs';
import { CausalPilotError } from '../errors.js';
import { FUSED_KERNELS, hasKernel, runFused, withTrainedVariables } from './kernels.js';
import {
  checkGradients,
  globalNorm,
  listInputs,
  MOMENT_CONSTANTS,
  MomentState,
  momentConstants,
  tensorNorms,
} from './optimizer-state.js';
import type { NamedArray, ParameterSet } from './parameters.js';

export interface AdamOptions {
  learningRate: number;
  /** Decay of the first moment. @defaultValue 0.9 */
  beta1?: number;
  /** Decay of the second moment. @defaultValue 0.999 */
  beta2?: number;
  /** @defaultValue 1e-8 for Adam, 1e-6 for LAMB */
  epsilon?: number;
  /** Global-norm clip over all gradients; none when left out. */
  clipNorm?: number;
}

export interface LambOptions extends AdamOptions {
  /** Decoupled weight decay, added to the update before the trust ratio. @defaultValue 0 */
  weightDecay?: number;
}

type StockUpdate = (direction: tf.Tensor, parameter: tf.Variable) => tf.Tensor;

/** What one update reads besides the gradients. */
export interface UpdateInputs {
  /** [count]: what `tensorNorms` gives for the gradients; where one is not finite, the update changes nothing. */
  readonly norms: tf.Tensor1D;
  /** [8]: the optimiser's `nextConstants`. */
  readonly constants: tf.Tensor1D;
}

/** What Adam and LAMB share: moments, clipping, bias correction, saved state. */
abstract class MomentOptimizer {
  learningRate: number;
  readonly #parameters: ParameterSet;
  readonly #state: MomentState;
  readonly #options: Required<Omit<LambOptions, 'learningRate'>>;
  protected abstract readonly kernel: string;
  protected abstract readonly label: string;

  constructor(parameters: ParameterSet, options: LambOptions, defaultEpsilon: number) {
    this.#parameters = parameters;
    this.learningRate = options.learningRate;
    this.#options = {
      beta1: options.beta1 ?? 0.9,
      beta2: options.beta2 ?? 0.999,
      epsilon: options.epsilon ?? defaultEpsilon,
      clipNorm: options.clipNorm ?? Number.POSITIVE_INFINITY,
      weightDecay: options.weightDecay ?? 0,
    };
    this.#state = new MomentState(parameters);
  }

  /** Scales the bias-corrected direction (moments, epsilon and weight decay already in it) to the change of a parameter. */
  protected abstract readonly stockUpdate: StockUpdate;

  /**
   * One step, in place.
   *
   * @param gradients - as many as `parameters.variables`, in the same order; they are not disposed
   * @returns the global gradient norm before clipping
   * @throws CausalPilotError E_NUMERIC naming the parameter with a non-finite gradient; nothing is changed then
   */
  apply(gradients: readonly tf.Tensor[]): number {
    const norms = tf.tidy(() => {
      const own = tensorNorms(gradients);
      this.update(gradients, { norms: own, constants: tf.tensor1d(this.nextConstants()) });
      return own;
    });
    const values = norms.dataSync<'float32'>();
    norms.dispose();
    const norm = this.globalNorm(values);
    this.advance();
    return norm;
  }

  /** MOMENT_CONSTANTS of the next step: input of `update`. */
  nextConstants(): Float32Array {
    return momentConstants({ ...this.#options, learningRate: this.learningRate, step: this.#state.step + 1 });
  }

  /** The part of a step that reads nothing back: changes weights and moments in place unless a norm is not finite. */
  update(gradients: readonly tf.Tensor[], inputs: UpdateInputs): void {
    checkGradients(this.label, this.#parameters, gradients);
    tf.tidy(() => {
      if (hasKernel(this.kernel)) this.#updateFused(gradients, inputs);
      else this.#updateStock(gradients, inputs);
    });
  }

  /**
   * Global norm of gradients whose norms were read back after `update`.
   *
   * @throws CausalPilotError E_NUMERIC naming the parameter with a non-finite gradient
   */
  globalNorm(norms: Float32Array): number {
    return globalNorm(this.label, this.#parameters, norms);
  }

  /** Counts an update whose norms were finite. */
  advance(): void {
    this.#state.step += 1;
  }

  #updateFused(gradients: readonly tf.Tensor[], { norms, constants }: UpdateInputs): void {
    const inputs = listInputs({
      parameter: this.#parameters.variables,
      gradient: gradients,
      mean: this.#state.means,
      variance: this.#state.variances,
    });
    runFused(this.kernel, { ...inputs, norms, constants }, { count: gradients.length });
  }

  #updateStock(gradients: readonly tf.Tensor[], { norms, constants }: UpdateInputs): void {
    const k = stockConstants(norms, constants);
    this.#parameters.variables.forEach((parameter, i) => {
      const mean = this.#state.means[i]!;
      const variance = this.#state.variances[i]!;
      const gradient = tf.where(k.areFinite, gradients[i]!.mul(k.gradientScale), 0);
      mean.assign(mean.mul(k.beta1).add(gradient.mul(tf.sub(1, k.beta1))));
      variance.assign(variance.mul(k.beta2).add(gradient.square().mul(tf.sub(1, k.beta2))));
      const scaled = mean.mul(k.meanCorrection).div(variance.mul(k.varianceCorrection).sqrt().add(k.epsilon));
      const direction = scaled.add(parameter.mul(k.weightDecay));
      parameter.assign(parameter.sub(this.stockUpdate(direction, parameter).mul(k.learningRate)));
    });
  }

  /** 'step' and '<parameter>/m', '<parameter>/v'. */
  toArrays(): Map<string, { shape: number[]; data: Float32Array }> {
    return this.#state.toArrays();
  }

  /** @throws CausalPilotError E_CHECKPOINT naming `source`; nothing is changed on failure. */
  load(arrays: ReadonlyMap<string, NamedArray>, source: string): void {
    this.#state.load(arrays, source);
  }

  dispose(): void {
    this.#state.dispose();
  }
}

/**
 * MOMENT_CONSTANTS as scalars. Where a norm is not finite, the learning rate is 0 and the decays are 1, so that the
 * recurrences keep every number as it is.
 */
function stockConstants(norms: tf.Tensor1D, constants: tf.Tensor1D) {
  const scalars = tf.unstack(constants) as tf.Scalar[];
  const named = Object.fromEntries(MOMENT_CONSTANTS.map((name, i) => [name, scalars[i]!])) as Record<
    (typeof MOMENT_CONSTANTS)[number],
    tf.Scalar
  >;
  const norm = norms.square().sum().sqrt();
  const areFinite = norms.isFinite().all();
  return {
    ...named,
    areFinite,
    learningRate: tf.where(areFinite, named.learningRate, 0),
    beta1: tf.where(areFinite, named.beta1, 1),
    beta2: tf.where(areFinite, named.beta2, 1),
    gradientScale: tf.where(norm.greater(named.clipNorm), named.clipNorm.div(norm), 1),
  };
}

/**
 * Adam (arXiv:1412.6980): p <- p - lr * mHat / (sqrt(vHat) + epsilon), with mHat = m / (1 - beta1^t) and vHat likewise.
 */
export class Adam extends MomentOptimizer {
  protected readonly kernel = FUSED_KERNELS.adamStep;
  protected readonly label = 'Adam';
  protected readonly stockUpdate: StockUpdate = (direction) => direction;

  constructor(parameters: ParameterSet, options: AdamOptions) {
    super(parameters, { ...options, weightDecay: 0 }, 1e-8);
  }
}

/**
 * LAMB (arXiv:1904.00962, algorithm 2, identity scaling): Adam's direction r plus weight decay, scaled for each parameter
 * by the trust ratio |p| / |r| (1 when either norm is 0).
 */
export class Lamb extends MomentOptimizer {
  protected readonly kernel = FUSED_KERNELS.lambStep;
  protected readonly label = 'Lamb';
  protected readonly stockUpdate: StockUpdate = (direction, parameter) => {
    const parameterNorm = parameter.square().sum().sqrt();
    const directionNorm = direction.square().sum().sqrt();
    const ratio = parameterNorm.div(directionNorm.maximum(1e-30));
    const bothPositive = parameterNorm.greater(0).logicalAnd(directionNorm.greater(0));
    return direction.mul(tf.where(bothPositive, ratio, tf.onesLike(ratio)));
  };

  constructor(parameters: ParameterSet, options: LambOptions) {
    super(parameters, options, 1e-6);
  }
}

/**
 * target <- (1 - rate) * target + rate * source, in place, by name order. The rate may be a tensor of one number; one that
 * is not finite changes nothing.
 *
 * @throws CausalPilotError E_SHAPE when the sets do not have the same names and shapes.
 */
export function polyakUpdate(target: ParameterSet, source: ParameterSet, rate: number | tf.Tensor): void {
  const matches =
    target.names.length === source.names.length &&
    target.names.every((name, i) => name === source.names[i] && target.get(name).size === source.get(name).size);
  if (!matches) {
    throw new CausalPilotError(
      'E_SHAPE',
      'polyakUpdate: target and source must have the same names and shapes in the same order; build both from one config',
    );
  }
  tf.tidy(() => {
    const given = typeof rate === 'number' ? tf.scalar(rate) : rate;
    if (hasKernel(FUSED_KERNELS.polyakStep)) {
      const inputs = listInputs({ target: target.variables, source: source.variables });
      runFused(FUSED_KERNELS.polyakStep, { ...inputs, rate: given }, { count: target.names.length });
      return;
    }
    const used = tf.where(given.isFinite(), given, 0).reshape([]);
    const sources = source.variables;
    target.variables.forEach((variable, i) => {
      variable.assign(variable.mul(tf.sub(1, used)).add(sources[i]!.mul(used)));
    });
  });
}

/**
 * Loss and its gradients in parameter order; a parameter that the loss does not depend on gets zeros. Intermediates are
 * disposed; the caller disposes the gradients.
 */
export function valueAndGradients(
  loss: () => tf.Scalar,
  parameters: ParameterSet,
): { value: number; gradients: tf.Tensor[] } {
  const { value, gradients } = lossAndGradients(loss, parameters);
  const [number] = value.dataSync();
  value.dispose();
  return { value: number!, gradients };
}

/**
 * The same with the loss as a tensor, and with the tensors that `loss` hands to `note` on the way, in order; the caller
 * disposes all of them.
 */
export function lossAndGradients(
  loss: (note: (tensor: tf.Tensor) => void) => tf.Scalar,
  parameters: ParameterSet,
): { value: tf.Scalar; gradients: tf.Tensor[]; noted: tf.Tensor[] } {
  const variables = [...parameters.variables];
  const kept: tf.Tensor[] = [];
  const note = (tensor: tf.Tensor) => {
    kept.push(tf.keep(tensor.clone()));
  };
  try {
    return tf.tidy(() => {
      const { value, grads } = withTrainedVariables(variables, () => tf.variableGrads(() => loss(note), variables));
      const gradients = variables.map((variable) => grads[variable.name] ?? tf.zeros(variable.shape));
      return { value, gradients, noted: kept.map((tensor) => tensor.clone()) };
    });
  } finally {
    tf.dispose(kept);
  }
}
