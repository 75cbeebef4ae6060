import type { History } from '../../core/causal/history.js';
import { targetFlags } from '../../core/causal/intervention.js';
import type { RandomStream } from '../../core/random/stream.js';

// Shapes: d variables.

/** A rule that names the targets of the next experiment: flags [d]; `allowed` [d] is 1 where a variable may be a target. */
export type TargetChoice = (history: History, stream: RandomStream, allowed?: Uint8Array) => Uint8Array;

/** Each variable is a target with probability 1/2, as under a uniform action of the policy. */
export const randomTargets: TargetChoice = ({ size }, stream, allowed) =>
  Uint8Array.from({ length: size }, (_, variable) => {
    const drawn = stream.bernoulli(0.5);
    return drawn && isAllowed(allowed, variable) ? 1 : 0;
  });

/** One of the allowed variables, all alike; none where none is allowed. */
export const oneRandomTarget: TargetChoice = ({ size }, stream, allowed) => {
  const variables = Array.from({ length: size }, (_, variable) => variable).filter((i) => isAllowed(allowed, i));
  const chosen = variables[stream.integer(Math.max(variables.length, 1))];
  return targetFlags(size, chosen === undefined ? [] : [chosen]);
};

/** The `count` allowed variables that were targets in the fewest rows, at random among equals; all where there are fewer. */
export function leastTargeted(count: number): TargetChoice {
  return ({ size, rows, targets }, stream, allowed) => {
    const times = new Uint32Array(size);
    for (let entry = 0; entry < rows * size; entry++) times[entry % size]! += targets[entry]!;
    // The sort is stable, so variables that were targets equally often keep their random order.
    const order = Array.from(stream.permutation(size))
      .filter((variable) => isAllowed(allowed, variable))
      .sort((i, j) => times[i]! - times[j]!);
    return targetFlags(size, order.slice(0, count));
  };
}

function isAllowed(allowed: Uint8Array | undefined, variable: number): boolean {
  return allowed === undefined || allowed[variable] === 1;
}
