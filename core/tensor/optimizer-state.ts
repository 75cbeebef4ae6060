import * as tf from '@tensorflow/tfjs';
import { CausalPilotError, checkShape } from '../errors.js';
import { FUSED_KERNELS, hasKernel, runFused } from './kernels.js';
import { assignArray, checkArrays, type NamedArray, ownedVariable, type ParameterSet } from './parameters.js';

/** Numbers that one step of Adam or LAMB needs; `step` counts from 1, `gradientScale` carries the norm clip. */
export interface MomentStep {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly step: number;
  readonly gradientScale: number;
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

/** Euclidean norm of each tensor. */
export function tensorNorms(tensors: readonly tf.Tensor[]): Float32Array {
  if (tensors.length === 0) return new Float32Array(0);
  return tf.tidy(() => {
    if (hasKernel(FUSED_KERNELS.tensorNorms)) {
      const inputs = listInputs({ tensor: tensors });
      return runFused(FUSED_KERNELS.tensorNorms, inputs, { count: tensors.length })[0]!.dataSync<'float32'>().slice();
    }
    const norms = tensors.map((tensor) => tensor.square().sum().sqrt());
    return tf.stack(norms).dataSync<'float32'>().slice();
  });
}

/**
 * Checks the gradients of a parameter set and returns their global norm.
 *
 * @throws CausalPilotError E_SHAPE on a wrong count or shape, E_NUMERIC naming the first parameter whose gradient is not finite.
 */
export function globalGradientNorm(owner: string, parameters: ParameterSet, gradients: readonly tf.Tensor[]): number {
  const { names, variables } = parameters;
  if (gradients.length !== variables.length) {
    throw new CausalPilotError(
      'E_SHAPE',
      `${owner}.apply: 'gradients' must have ${variables.length} tensors, one per parameter, got ${gradients.length}`,
    );
  }
  gradients.forEach((gradient, i) => {
    checkShape(`${owner}.apply`, `gradients[${i}] (${names[i]})`, gradient.shape, variables[i]!.shape);
  });
  const norms = tensorNorms(gradients);
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
