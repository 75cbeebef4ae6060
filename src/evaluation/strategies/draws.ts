import { type Intervention, type InterventionKind, KINDS_WITH_VALUES } from '../../../core/causal/intervention.js';
import type { RandomStream } from '../../../core/random/stream.js';

/** An intervention of `kind`; the values are left out for kinds that take none (knockout, knockdown). */
export function experiment(kind: InterventionKind, targets: Uint8Array, values: Float32Array): Intervention {
  return KINDS_WITH_VALUES.has(kind) ? { kind, targets, values } : { kind, targets };
}

/** Each of `size` variables is a target with probability 1/2, as under a uniform action of the policy. */
export function randomTargets(size: number, stream: RandomStream): Uint8Array {
  return Uint8Array.from({ length: size }, () => (stream.bernoulli(0.5) ? 1 : 0));
}

export function targetFlags(size: number, targets: readonly number[]): Uint8Array {
  const flags = new Uint8Array(size);
  for (const target of targets) flags[target] = 1;
  return flags;
}

/** Uniform values in [-range, range). */
export function uniformValues(size: number, range: number, stream: RandomStream): Float32Array {
  return stream.fillUniform(new Float32Array(size), -range, range);
}

/** +range or -range with equal probability, drawn for each variable. */
export function extremeValues(size: number, range: number, stream: RandomStream): Float32Array {
  return Float32Array.from({ length: size }, () => range * stream.sign());
}
