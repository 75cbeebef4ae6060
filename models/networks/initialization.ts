import type { RandomStream } from '../../core/random/stream.js';
import type { ParameterSet } from '../../core/tensor/parameters.js';

/** Where a new parameter goes and where its starting values come from. */
export interface ParameterScope {
  readonly parameters: ParameterSet;
  /** Dotted prefix of the names, e.g. `encoder/layer0`. */
  readonly prefix: string;
  readonly stream: RandomStream;
}

/** The scope `<prefix>/<name>` within `scope`. */
export function subScope(scope: ParameterScope, name: string): ParameterScope {
  return { ...scope, prefix: scope.prefix === '' ? name : `${scope.prefix}/${name}` };
}

/** Glorot's uniform initialisation, U(-a, a) with a = gain * sqrt(6 / (in + out)), of a weight [out, in]. */
export function addGlorotWeight(
  scope: ParameterScope,
  name: string,
  { outputs, inputs, gain = 1 }: { outputs: number; inputs: number; gain?: number },
): void {
  const limit = gain * Math.sqrt(6 / (inputs + outputs));
  const values = new Float32Array(outputs * inputs);
  const { prefix } = subScope(scope, name);
  scope.stream.child(prefix).fillUniform(values, -limit, limit);
  scope.parameters.add(prefix, [outputs, inputs], values);
}

/** A vector [size] with every entry equal to `value`. */
export function addConstantVector(scope: ParameterScope, name: string, size: number, value: number): void {
  scope.parameters.add(subScope(scope, name).prefix, [size], new Float32Array(size).fill(value));
}
