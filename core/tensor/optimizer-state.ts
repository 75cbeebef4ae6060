import * as tf from '@tensorflow/tfjs';
import { CausalPilotError, checkShape } from '../errors.js';
import { FUSED_KERNELS, hasKernel, runFused } from './kernels.js';
import { assignArray, checkArrays, type NamedArray, ownedVariable, type ParameterSet } from './parameters.js';

/** Numbers that one step of Adam or LAMB needs; `step` counts from 1, `clipNorm` is infinite where nothing is clipped. */
export interface MomentStep {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  readonly step: number;
}

/**
 * Where each number lies in the float32 tensor [8] 'constants' of the AdamStep and LambStep kernels. Their other inputs are
 * `parameter<i>`, `gradient<i>`, `mean<i>`, `variance<i>` and 'norms' [count], the norm of each gradient. The gradients are
 * scaled by clipNorm / n where their global norm n = sqrt(sum of norms^2) is above clipNorm; where n is not finite, a
 * kernel changes nothing. So a step needs nothing from the host between gradients and update.
 */
export const MOMENT_CONSTANTS = [
  'learningRate',
  'beta1',
  'beta2',
  'epsilon',
  'weightDecay',
  'meanCorrection',
  'varianceCorrection',
  'clipNorm',
] as const;

/** The 'constants' of one step, with the corrections 1 / (1 - beta^step) of the moments' bias. */
export function momentConstants(step: MomentStep): Float32Array {
  const numbers = {
    ...step,
    meanCorrection: 1 / (1 - step.beta1 ** step.step),
    varianceCorrection: 1 / (1 - step.beta2 ** step.step),
  };
  return Float32Array.from(MOMENT_CONSTANTS, (name) => numbers[name]);
}

/** Tensors of one fused optimiser call, keyed `<role><index>`: the form in which a kernel receives a list. */
export function listInputs(lists: Readonly<Record<string, readonly tf.Tensor[]>>): Record<string, tf.Tensor> {
  const inputs: Record<string, tf.Tensor> = {};
  for (const [role, tensors] of Object.entries(lists)) {
    tensors.forEach((tensor, index) => {
      inputs[`${role}${index}`] = tensor;
    });
  }
  return inputs;
}

/** Euclidean norm of each tensor: [count]. */
export function tensorNorms(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  if (tensors.length === 0) return tf.tensor1d([], 'float32');
  return tf.tidy(() => {
    if (hasKernel(FUSED_KERNELS.tensorNorms)) {
      const inputs = listInputs({ tensor: tensors });
      return runFused(FUSED_KERNELS.tensorNorms, inputs, { count: tensors.length })[0] as tf.Tensor1D;
    }
    return tf.stack(tensors.map((tensor) => tensor.square().sum().sqrt())) as tf.Tensor1D;
  });
}

/**
 * 0 while all norms are finite, else not a number: added to the norms or the rate of another update, it makes that one
 * change nothing either.
 */
export function finiteGuard(norms: tf.Tensor1D): tf.Scalar {
  return tf.tidy(() => norms.mul(0).sum());
}

/** @throws CausalPilotError E_SHAPE on a wrong count or shape. */
export function checkGradients(
  owner: string,
  { names, variables }: ParameterSet,
  gradients: readonly tf.Tensor[],
): void {
  if (gradients.length !== variables.length) {
    throw new CausalPilotError(
      'E_SHAPE',
      `${owner}.apply: 'gradients' must have ${variables.length} tensors, one per parameter, got ${gradients.length}`,
    );
  }
  gradients.forEach((gradient, i) => {
    checkShape(`${owner}.apply`, `gradients[${i}] (${names[i]})`, gradient.shape, variables[i]!.shape);
  });
}

/**
 * Global norm of gradients with these norms, one per parameter.
 *
 * @throws CausalPilotError E_NUMERIC naming the first parameter whose gradient is not finite.
 */
export function globalNorm(owner: string, { names }: ParameterSet, norms: Float32Array): number {
  const bad = norms.findIndex((norm) => !Number.isFinite(norm));
  if (bad >= 0) {
    throw new CausalPilotError(
      'E_NUMERIC',
      `${owner}.apply: the gradient of parameter '${names[bad]}' is not finite; nothing was changed: lower the learning rate or look for bad input`,
    );
  }
  return Math.sqrt(norms.reduce((sum, norm) => sum + norm * norm, 0));
}

/** First and second moment estimates of every parameter, and the step counter. */
export class MomentState {
  readonly #parameters: ParameterSet;
  readonly means: readonly tf.Variable[];
  readonly variances: readonly tf.Variable[];
  step = 0;

  constructor(parameters: ParameterSet) {
    this.#parameters = parameters;
    const zeros = () =>
      parameters.variables.map(({ shape, size }) => ownedVariable(shape, new Float32Array(size), false));
    this.means = zeros();
    this.variances = zeros();
  }

  /** 'step' and '<parameter>/m', '<parameter>/v'. */
  toArrays(): Map<string, { shape: number[]; data: Float32Array }> {
    const arrays = new Map<string, { shape: number[]; data: Float32Array }>();
    arrays.set('step', { shape: [], data: Float32Array.of(this.step) });
    this.#parameters.names.forEach((name, i) => {
      for (const [suffix, list] of [['m', this.means] as const, ['v', this.variances] as const]) {
        const variable = list[i]!;
        arrays.set(`${name}/${suffix}`, { shape: [...variable.shape], data: Float32Array.from(variable.dataSync()) });
      }
    });
    return arrays;
  }

  /** @throws CausalPilotError E_CHECKPOINT naming `source`; nothing is changed on failure. */
  load(arrays: ReadonlyMap<string, NamedArray>, source: string): void {
    const wanted = new Map<string, readonly number[]>([['step', []]]);
    this.#parameters.names.forEach((name, i) => {
      wanted.set(`${name}/m`, this.means[i]!.shape);
      wanted.set(`${name}/v`, this.variances[i]!.shape);
    });
    checkArrays(arrays, wanted, source);
    this.step = arrays.get('step')!.data[0]!;
    this.#parameters.names.forEach((name, i) => {
      assignArray(this.means[i]!, arrays.get(`${name}/m`)!.data);
      assignArray(this.variances[i]!, arrays.get(`${name}/v`)!.data);
    });
  }

  dispose(): void {
    for (const variable of [...this.means, ...this.variances]) variable.dispose();
  }
}
