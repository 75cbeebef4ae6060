import type { RandomStream } from '../../core/random/stream.js';
import type { MechanismBasis } from './structure/basis.js';
import { graphOf } from './structure/find-structure.js';
import type { ParentLists } from './structure/greedy-graph.js';

// Shapes: d variables, b basis functions, n rows.

/** A causal model: every variable a sum of functions of its parents, a shift and Gaussian noise. */
export interface Mechanisms {
  readonly basis: MechanismBasis;
  readonly parents: ParentLists;
  /** [d] of [parents, b], in observational standard deviations. */
  readonly coefficients: readonly Float64Array[];
  /** [d], added to every variable, in the same units. */
  readonly intercepts: Float64Array;
  /** [d], standard deviations of the noise. */
  readonly noise: Float64Array;
  /** [d] of the observational rows, in units of the data. */
  readonly means: Float64Array;
  readonly deviations: Float64Array;
  /** [d, b]: observational means of the basis functions. */
  readonly centre: Float64Array;
}

/** Rows [n, d] in units of the data from shifts [n, d] in the same units, which become the rows. */
export function sampleMechanisms(mechanisms: Mechanisms, shifts: Float64Array, stream: RandomStream): Float64Array {
  const { basis, parents, coefficients, intercepts, noise, means, deviations, centre } = mechanisms;
  const size = parents.length;
  const blocks = basis.functions.length;
  for (let entry = 0; entry < shifts.length; entry++)
    shifts[entry]! += noise[entry % size]! * deviations[entry % size]! * stream.normal();
  for (const node of graphOf(mechanisms).topologicalOrder) {
    for (let offset = 0; offset < shifts.length; offset += size) {
      let value = shifts[offset + node]! / deviations[node]! + intercepts[node]! + centre[node * blocks]!;
      parents[node]!.forEach((parent, position) => {
        const x = (shifts[offset + parent]! - means[parent]!) / deviations[parent]!;
        basis.functions.forEach((of, c) => {
          value += coefficients[node]![position * blocks + c]! * (of(x) - centre[parent * blocks + c]!);
        });
      });
      shifts[offset + node] = means[node]! + value * deviations[node]!;
    }
  }
  return shifts;
}
