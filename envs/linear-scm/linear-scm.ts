import type { CausalGraph } from '../../core/causal/graph.js';
import { type Intervention, type InterventionKind, validateIntervention } from '../../core/causal/intervention.js';
import { CausalPilotError, checkShape } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { CausalModel } from '../prior/causal-model.js';
import { fillStandardNoise, type LinearScmNoise, STANDARD_MOMENTS } from './noise.js';

export interface LinearScmParameters {
  readonly graph: CausalGraph;
  /** [d * d] row-major, entry i * d + j is the effect of i on j; 0 where the graph has no edge. */
  readonly coefficients: Float64Array;
  readonly noise: LinearScmNoise;
}

/**
 * Linear structural causal model y_j = sum_i B_ij y_i + noise_j with zero intercepts; equation 13 of the CAASL paper, or
 * 14 with heteroskedastic noise.
 *
 * Shapes: n rows, d variables.
 */
export class LinearScm implements CausalModel {
  readonly graph: CausalGraph;
  readonly size: number;
  readonly coefficients: Float64Array;
  readonly noise: LinearScmNoise;
  readonly interventionKinds: readonly InterventionKind[] = ['do', 'shift'];
  readonly #parents: readonly Int32Array[];

  /** @throws CausalPilotError E_SHAPE on wrong sizes, E_INPUT where coefficients and graph disagree. */
  constructor({ graph, coefficients, noise }: LinearScmParameters) {
    const { size } = graph;
    checkShape('LinearScm', 'coefficients', [coefficients.length], [size * size]);
    const noiseParameters = noise.kind === 'heteroskedastic' ? noise.scaleFunctions : noise.scales;
    checkShape('LinearScm', 'noise', [noiseParameters.length], [size]);
    coefficients.forEach((coefficient, entry) => {
      if (!Number.isFinite(coefficient) || (coefficient !== 0 && graph.adjacency[entry] !== 1))
        throw new CausalPilotError(
          'E_INPUT',
          `LinearScm: coefficient (${Math.floor(entry / size)}, ${entry % size}) is ${coefficient}; it must be finite, and 0 without an edge`,
        );
    });
    this.graph = graph;
    this.size = size;
    this.coefficients = coefficients;
    this.noise = noise;
    this.#parents = Array.from({ length: size }, (_, child) => Int32Array.from(graph.parents(child)));
  }

  /**
   * Ancestral samples [n, d]. The noise of every entry is drawn row by row whatever the intervention, so equal streams
   * give equal noise: rows stay paired across interventions, and fewer rows are a prefix of more.
   */
  sample(intervention: Intervention, rows: number, stream: RandomStream): Float32Array {
    validateIntervention(intervention, this.size, this.interventionKinds);
    const values = new Float64Array(rows * this.size);
    fillStandardNoise(this.noise.kind, values, stream);
    this.propagate(values, intervention);
    return Float32Array.from(values);
  }

  /** Turns standard noise [n, d] into samples under `intervention`, in place: one pass in topological order. */
  propagate(values: Float64Array, intervention: Intervention): void {
    for (const variable of this.graph.topologicalOrder) {
      const targeted = intervention.kind !== 'none' && intervention.targets[variable] === 1;
      if (targeted && intervention.kind === 'do') {
        const doValue = intervention.values![variable]!;
        for (let entry = variable; entry < values.length; entry += this.size) values[entry] = doValue;
      } else {
        this.#applyMechanism(values, variable, targeted ? intervention.values![variable]! : 0);
      }
    }
  }

  /** Replaces the standard noise of one variable by its value in every row, given the values of its parents. */
  #applyMechanism(values: Float64Array, variable: number, shift: number): void {
    const { size, coefficients, noise } = this;
    const parents = this.#parents[variable]!;
    const parentValues = new Float64Array(parents.length);
    const scaleFunction = noise.kind === 'heteroskedastic' ? noise.scaleFunctions[variable]! : undefined;
    const fixedScale = noise.kind === 'heteroskedastic' ? 1 : noise.scales[variable]!;
    for (let row = 0; row < values.length; row += size) {
      let mean = shift;
      for (let index = 0; index < parents.length; index++) {
        const parent = parents[index]!;
        parentValues[index] = values[row + parent]!;
        mean += coefficients[parent * size + variable]! * parentValues[index]!;
      }
      const scale = scaleFunction === undefined ? fixedScale : softplus(scaleFunction.evaluate(parentValues));
      values[row + variable] = mean + scale * values[row + variable]!;
    }
  }

  /** Exact mean [d] under `intervention`, for every kind of noise. */
  interventionalMean(intervention: Intervention): Float64Array {
    validateIntervention(intervention, this.size, this.interventionKinds);
    const { size, coefficients, noise, graph } = this;
    const mean = new Float64Array(size);
    for (const variable of graph.topologicalOrder) {
      const targeted = intervention.targets[variable] === 1;
      if (targeted && intervention.kind === 'do') {
        mean[variable] = intervention.values![variable]!;
        continue;
      }
      let total = targeted ? intervention.values![variable]! : 0;
      if (noise.kind !== 'heteroskedastic') total += STANDARD_MOMENTS[noise.kind].mean * noise.scales[variable]!;
      for (const parent of this.#parents[variable]!) total += coefficients[parent * size + variable]! * mean[parent]!;
      mean[variable] = total;
    }
    return mean;
  }

  /**
   * Exact covariance [d * d] under `intervention`: T' D T with T the total effects (I - B)^-1 of the mutilated graph and
   * D the noise variances, 0 for do-targets.
   *
   * @throws CausalPilotError E_INPUT for heteroskedastic noise, which has no closed form.
   */
  interventionalCovariance(intervention: Intervention): Float64Array {
    validateIntervention(intervention, this.size, this.interventionKinds);
    const { size, noise } = this;
    if (noise.kind === 'heteroskedastic')
      throw new CausalPilotError(
        'E_INPUT',
        'LinearScm.interventionalCovariance: heteroskedastic noise has no closed-form covariance; estimate it from samples',
      );
    const effects = this.totalEffects(intervention);
    const covariance = new Float64Array(size * size);
    for (let source = 0; source < size; source++) {
      if (intervention.kind === 'do' && intervention.targets[source] === 1) continue;
      const variance = STANDARD_MOMENTS[noise.kind].variance * noise.scales[source]! ** 2;
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++)
          covariance[i * size + j]! += variance * effects[source * size + i]! * effects[source * size + j]!;
      }
    }
    return covariance;
  }

  /** [d * d], entry i * d + j is how much y_j moves when the noise of i moves by 1; do-targets follow nobody. */
  totalEffects(intervention: Intervention): Float64Array {
    const { size, coefficients } = this;
    const effects = new Float64Array(size * size);
    for (const variable of this.graph.topologicalOrder) {
      effects[variable * size + variable] = 1;
      if (intervention.kind === 'do' && intervention.targets[variable] === 1) continue;
      for (const parent of this.#parents[variable]!) {
        for (let source = 0; source < size; source++)
          effects[source * size + variable]! +=
            coefficients[parent * size + variable]! * effects[source * size + parent]!;
      }
    }
    return effects;
  }
}

/** log(1 + exp(x)) without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
