import * as tf from '@tensorflow/tfjs';
import { CausalPilotError } from '../errors.js';
import { FUSED_KERNELS, hasKernel, runFused, withTrainedVariables } from './kernels.js';
import { globalGradientNorm, listInputs, MomentState, type MomentStep } from './optimizer-state.js';
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
    const norm = globalGradientNorm(this.label, this.#parameters, gradients);
    const { clipNorm, ...constants } = this.#options;
    this.#state.step += 1;
    const step: MomentStep = {
      ...constants,
      learningRate: this.learningRate,
      step: this.#state.step,
      gradientScale: norm > clipNorm ? clipNorm / norm : 1,
    };
    tf.tidy(() => {
      if (hasKernel(this.kernel)) this.#applyFused(gradients, step);
      else this.#applyStock(gradients, step);
    });
    return norm;
  }

  #applyFused(gradients: readonly tf.Tensor[], step: MomentStep): void {
    const inputs = listInputs({
      parameter: this.#parameters.variables,
      gradient: gradients,
      mean: this.#state.means,
      variance: this.#state.variances,
    });
    runFused(this.kernel, inputs, { ...step, count: gradients.length });
  }

  #applyStock(gradients: readonly tf.Tensor[], step: MomentStep): void {
    const { beta1, beta2, epsilon, weightDecay } = step;
    const meanCorrection = 1 / (1 - beta1 ** step.step);
    const varianceCorrection = 1 / (1 - beta2 ** step.step);
    this.#parameters.variables.forEach((parameter, i) => {
      const mean = this.#state.means[i]!;
      const variance = this.#state.variances[i]!;
      const gradient = gradients[i]!.mul(step.gradientScale);
      mean.assign(mean.mul(beta1).add(gradient.mul(1 - beta1)));
      variance.assign(variance.mul(beta2).add(gradient.square().mul(1 - beta2)));
      const scaled = mean.mul(meanCorrection).div(variance.mul(varianceCorrection).sqrt().add(epsilon));
      const direction = weightDecay === 0 ? scaled : scaled.add(parameter.mul(weightDecay));
      parameter.assign(parameter.sub(this.stockUpdate(direction, parameter).mul(step.learningRate)));
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
 * target <- (1 - rate) * target + rate * source, in place, by name order.
 *
 * @throws CausalPilotError E_SHAPE when the sets do not have the same names and shapes.
 */
export function polyakUpdate(target: ParameterSet, source: ParameterSet, rate: number): void {
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
    if (hasKernel(FUSED_KERNELS.polyakStep)) {
      const inputs = listInputs({ target: target.variables, source: source.variables });
      runFused(FUSED_KERNELS.polyakStep, inputs, { rate, count: target.names.length });
      return;
    }
    target.variables.forEach((variable, i) => {
      variable.assign(variable.mul(1 - rate).add(source.variables[i]!.mul(rate)));
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
  const variables = [...parameters.variables];
  let value = Number.NaN;
  const gradients = tf.tidy(() => {
    const result = withTrainedVariables(variables, () => tf.variableGrads(loss, variables));
    value = result.value.dataSync()[0]!;
    return variables.map((variable) => result.grads[variable.name] ?? tf.zeros(variable.shape));
  });
  return { value, gradients };
}
