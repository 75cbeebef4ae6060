import type { StoredTensor, TensorMap } from '../../core/checkpoint/safetensors.js';
import type { NamedArray } from '../../core/tensor/parameters.js';

/** A component whose state is named float32 arrays: a network's parameters or an optimiser. */
export interface StatePart {
  toArrays(): Map<string, { shape: number[]; data: Float32Array }>;
  load(arrays: ReadonlyMap<string, NamedArray>, source: string): void;
}

/** All arrays of all parts under `<part>/<name>`. */
export function partsToArrays(parts: ReadonlyMap<string, StatePart>): Map<string, StoredTensor> {
  const arrays = new Map<string, StoredTensor>();
  for (const [part, owner] of parts) for (const [name, array] of owner.toArrays()) arrays.set(`${part}/${name}`, array);
  return arrays;
}

/** Gives every part its own arrays back. @throws CausalPilotError E_CHECKPOINT naming `source` and the tensor. */
export function loadParts(parts: ReadonlyMap<string, StatePart>, arrays: TensorMap, source: string): void {
  for (const [part, owner] of parts) {
    const own = new Map<string, NamedArray>();
    for (const [name, { shape, data }] of arrays)
      if (name.startsWith(`${part}/`) && data instanceof Float32Array)
        own.set(name.slice(part.length + 1), { shape, data });
    owner.load(own, source);
  }
}
