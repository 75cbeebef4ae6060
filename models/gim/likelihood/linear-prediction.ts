import { CausalGraph } from '../../../core/causal/graph.js';

// Shapes: d variables.

export interface LinearMechanisms {
  /** [d, d], entry i * d + j is the weight of i in the mechanism of j; acyclic. */
  readonly weights: Float64Array;
  /** [d], standard deviations. */
  readonly noise: Float64Array;
}

/** [d] each: what is believed of the targets of one context. */
export interface ShiftBelief {
  readonly probabilities: Float64Array;
  readonly shifts: Float64Array;
  readonly shiftDeviations: Float64Array;
}

/** Moments of cells of a context before any of its rows is seen. */
export interface PredictedMoments {
  readonly mean: Float64Array;
  /** [d, d]: of cells that share one shift, as those of one context do. */
  readonly covarianceGivenShift: Float64Array;
  /** [d, d]: of the shift's effect, also the covariance of two cells of one context; the sum of both is that of one cell. */
  readonly covarianceOfShift: Float64Array;
}

export function predictMoments(mechanisms: LinearMechanisms, belief: ShiftBelief): PredictedMoments {
  const { probabilities, shifts, shiftDeviations } = belief;
  const size = probabilities.length;
  const effects = totalEffects(mechanisms.weights, size);
  const expected = probabilities.map((probability, j) => probability * shifts[j]!);
  const ofShift = expected.map(
    (value, j) => probabilities[j]! * (shiftDeviations[j]! ** 2 + shifts[j]! ** 2) - value * value,
  );
  const mean = new Float64Array(size);
  for (let source = 0; source < size; source++)
    for (let j = 0; j < size; j++) mean[j]! += effects[source * size + j]! * expected[source]!;
  const noise = mechanisms.noise.map((deviation) => deviation * deviation);
  return {
    mean,
    covarianceGivenShift: spread(effects, noise),
    covarianceOfShift: spread(effects, ofShift),
  };
}

/** (I - B)^-1 transposed: entry i * d + j is how much j moves when i is shifted by 1. */
export function totalEffects(weights: Float64Array, size: number): Float64Array {
  const graph = new CausalGraph(
    size,
    Uint8Array.from(weights, (weight) => (weight === 0 ? 0 : 1)),
  );
  const effects = new Float64Array(size * size);
  for (const variable of graph.topologicalOrder) {
    effects[variable * size + variable] = 1;
    for (const parent of graph.parents(variable))
      for (let source = 0; source < size; source++)
        effects[source * size + variable]! += weights[parent * size + variable]! * effects[source * size + parent]!;
  }
  return effects;
}

/** T' diag(variances) T. */
function spread(effects: Float64Array, variances: Float64Array): Float64Array {
  const size = variances.length;
  const covariance = new Float64Array(size * size);
  for (let source = 0; source < size; source++)
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        covariance[i * size + j]! += variances[source]! * effects[source * size + i]! * effects[source * size + j]!;
  return covariance;
}
