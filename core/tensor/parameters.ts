import * as tf from '@tensorflow/tfjs';
import { CausalPilotError } from '../errors.js';
import { capturingBackend } from './capturing-backend.js';

/** One stored array: row-major data of the shape given. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const scalars = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * Checks that `arrays` holds exactly the names and shapes of `wanted`.
 *
 * @throws CausalPilotError E_CHECKPOINT naming `source` and the first tensor that is missing, unknown or misshapen.
 */
export function checkArrays(
  arrays: ReadonlyMap<string, NamedArray>,
  wanted: ReadonlyMap<string, readonly number[]>,
  source: string,
): void {
  for (const [name, shape] of wanted) {
    const given = arrays.get(name);
    if (given === undefined) {
      throw new CausalPilotError('E_CHECKPOINT', `${source}: tensor '${name}' is missing; it needs shape [${shape}]`);
    }
    const sameShape = given.shape.length === shape.length && shape.every((size, axis) => size === given.shape[axis]);
    if (!sameShape || given.data.length !== scalars(shape)) {
      throw new CausalPilotError(
        'E_CHECKPOINT',
        `${source}: tensor '${name}' must have shape [${shape}], got [${given.shape}] with ${given.data.length} ` +
          'numbers; load it with the network size it was saved with',
      );
    }
  }
  for (const name of arrays.keys()) {
    if (wanted.has(name)) continue;
    throw new CausalPilotError(
      'E_CHECKPOINT',
      `${source}: tensor '${name}' is unknown here; load it with the network it was saved from`,
    );
  }
}

/** Replaces the value of a variable; the data are copied. Recorded steps go on using the variable's memory. */
export function assignArray(variable: tf.Variable, data: Float32Array): void {
  const backend = capturingBackend();
  if (backend !== undefined) {
    backend.overwrite(variable.dataId, data);
    return;
  }
  const value = tf.tensor(data.slice(), variable.shape, 'float32');
  variable.assign(value);
  value.dispose();
}

/** A variable that owns its memory, so that optimisers may update it in place. */
export function ownedVariable(shape: readonly number[], values: Float32Array, trainable: boolean): tf.Variable {
  const value = tf.tensor(values.slice(), [...shape], 'float32');
  const variable = tf.variable(value, trainable);
  value.dispose();
  return variable;
}

/** Ordered, named trainable variables of one network. Each owns its memory, since optimisers update in place. */
export class ParameterSet {
  readonly #variables = new Map<string, tf.Variable>();

  /**
   * @throws CausalPilotError E_STATE when the name is taken, E_SHAPE when the values do not fill the shape.
   */
  add(name: string, shape: readonly number[], values: Float32Array): tf.Variable {
    if (this.#variables.has(name)) {
      throw new CausalPilotError(
        'E_STATE',
        `ParameterSet.add: '${name}' exists already; give each parameter its own name`,
      );
    }
    if (values.length !== scalars(shape)) {
      throw new CausalPilotError(
        'E_SHAPE',
        `ParameterSet.add: '${name}' of shape [${shape}] needs ${scalars(shape)} values, got ${values.length}`,
      );
    }
    const variable = ownedVariable(shape, values, true);
    this.#variables.set(name, variable);
    return variable;
  }

  /** @throws CausalPilotError E_STATE when there is no parameter of that name. */
  get(name: string): tf.Variable {
    const variable = this.#variables.get(name);
    if (variable !== undefined) return variable;
    throw new CausalPilotError(
      'E_STATE',
      `ParameterSet.get: there is no parameter '${name}'; names are those given to add`,
    );
  }

  get names(): readonly string[] {
    return [...this.#variables.keys()];
  }

  get variables(): readonly tf.Variable[] {
    return [...this.#variables.values()];
  }

  /** Number of scalars in all parameters together. */
  get count(): number {
    return this.variables.reduce((sum, variable) => sum + variable.size, 0);
  }

  /** Copies of all values, by name, in order. */
  toArrays(): Map<string, { shape: number[]; data: Float32Array }> {
    const arrays = new Map<string, { shape: number[]; data: Float32Array }>();
    for (const [name, variable] of this.#variables) {
      arrays.set(name, { shape: [...variable.shape], data: Float32Array.from(variable.dataSync()) });
    }
    return arrays;
  }

  /**
   * Replaces all values; nothing is changed on failure.
   *
   * @throws CausalPilotError E_CHECKPOINT naming `source` and the first tensor that is missing, unknown or misshapen.
   */
  load(arrays: ReadonlyMap<string, NamedArray>, source: string): void {
    const wanted = new Map([...this.#variables].map(([name, variable]) => [name, variable.shape] as const));
    checkArrays(arrays, wanted, source);
    for (const [name, variable] of this.#variables) assignArray(variable, arrays.get(name)!.data);
  }

  /**
   * Copies the values of another set with the same names and shapes.
   *
   * @throws CausalPilotError E_CHECKPOINT when names or shapes differ.
   */
  copyFrom(other: ParameterSet): void {
    this.load(other.toArrays(), 'ParameterSet.copyFrom');
  }

  /** Frees all variables; the set is empty afterwards. */
  dispose(): void {
    for (const variable of this.#variables.values()) variable.dispose();
    this.#variables.clear();
  }
}
