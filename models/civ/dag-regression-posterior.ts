import type { CausalGraph } from '../../core/causal/graph.js';
import { CausalPilotError, checkShape } from '../../core/errors.js';
import { sampleInverseGamma } from '../../core/random/distributions.js';
import type { RandomStream } from '../../core/random/stream.js';
import { NodeRegression } from './node-regression.js';

// Shapes: p variables, n rows; k_i parents of variable i. Matrices are row-major; weights[i * p + k] = B_ik acts k -> i.

/** What is assumed about the noise variances sigma_i^2. */
export type NoiseModel =
  | { readonly kind: 'known' /** [p] */; readonly variances: ArrayLike<number> }
  /** sigma_i^2 ~ InvGamma(shape, scale); scale 0 is improper and needs data before variances can be used. */
  | { readonly kind: 'unknown'; readonly shape: number; readonly scale: number };

export interface DagRegressionOptions {
  /** Support of B: edge k -> i where B_ik may differ from 0. */
  readonly graph: CausalGraph;
  readonly noise: NoiseModel;
  /** Prior mean of every weight. @defaultValue 0 */
  readonly priorMean?: number;
  /** Prior variance of every weight in units of the noise variance. @defaultValue 1 */
  readonly priorVariance?: number;
}

/**
 * Bayesian linear regression on a known DAG: x = Bx + a + eps under shift interventions a, one conjugate regression of
 * x_i - a_i on the parents of i per variable (Zhang et al. 2023, definition 2 and lemma 1).
 */
export class DagRegressionPosterior {
  readonly size: number;
  readonly graph: CausalGraph;
  readonly noise: NoiseModel;
  readonly nodes: readonly NodeRegression[];

  /** @throws CausalPilotError E_INPUT for a prior or noise variance that is not positive, E_SHAPE for a wrong length. */
  constructor(options: DagRegressionOptions) {
    const { graph, noise, priorMean = 0, priorVariance = 1 } = options;
    checkPrior(graph.size, noise, priorVariance);
    this.size = graph.size;
    this.graph = graph;
    this.noise = noise;
    this.nodes = Array.from({ length: graph.size }, (_, variable) => {
      const parents = Int32Array.from(graph.parents(variable));
      const { shape, scale } = noise.kind === 'unknown' ? noise : { shape: 0, scale: 0 };
      return new NodeRegression({ parents, mean: priorMean, variance: priorVariance, shape, scale });
    });
  }

  /** Takes in `samples` [n, p] measured under the shift `shift` [p] (all zero for observations). */
  update(samples: ArrayLike<number>, shift: ArrayLike<number>): void {
    const { size } = this;
    checkShape('DagRegressionPosterior.update', 'shift', [shift.length], [size]);
    if (samples.length % size !== 0)
      throw new CausalPilotError(
        'E_SHAPE',
        `DagRegressionPosterior.update: 'samples' must have shape [rows, ${size}], got ${samples.length} values`,
      );
    for (let entry = 0; entry < samples.length; entry++)
      if (!Number.isFinite(samples[entry]))
        throw new CausalPilotError('E_INPUT', `DagRegressionPosterior.update: 'samples' entry ${entry} is not finite`);
    for (let offset = 0; offset < samples.length; offset += size)
      for (let variable = 0; variable < size; variable++)
        this.nodes[variable]!.update(samples, offset, samples[offset + variable]! - shift[variable]!);
  }

  /** The known sigma_i^2, or its posterior mean scale / (shape - 1). */
  noiseVariance(variable: number): number {
    if (this.noise.kind === 'known') return this.noise.variances[variable]!;
    const { shape, scale } = this.nodes[variable]!;
    return scale / (shape - 1);
  }

  /** Makes `variance` the posterior mean of an unknown sigma_i^2, with the weight that the data have given it. */
  assumeNoiseVariance(variable: number, variance: number): void {
    const node = this.nodes[variable]!;
    node.scale = variance * (node.shape - 1);
  }

  /** E[B | data], [p, p]. */
  expectedWeights(): Float64Array {
    const weights = new Float64Array(this.size * this.size);
    this.nodes.forEach(({ parents, mean }, variable) => {
      for (let r = 0; r < parents.length; r++) weights[variable * this.size + parents[r]!] = mean[r]!;
    });
    return weights;
  }

  /** (I - E[B]) mean [p]: the shift that reaches `mean`, as far as the data tell. */
  estimatedShift(mean: ArrayLike<number>): Float64Array {
    return Float64Array.from(this.nodes, ({ parents, mean: weights }, variable) => {
      let value = mean[variable]!;
      for (let r = 0; r < parents.length; r++) value -= weights[r]! * mean[parents[r]!]!;
      return value;
    });
  }

  /** Writes the plug-in mean (I - E[B])^-1 shift into `out` [p], by forward substitution along the DAG. */
  plugInMean(shift: ArrayLike<number>, out: Float64Array): Float64Array {
    for (const variable of this.graph.topologicalOrder) {
      const { parents, mean } = this.nodes[variable]!;
      let value = shift[variable]!;
      for (let r = 0; r < parents.length; r++) value += mean[r]! * out[parents[r]!]!;
      out[variable] = value;
    }
    return out;
  }

  /** Turns a gradient with respect to the plug-in mean into one with respect to the shift, in place: (I - E[B])^-T g. */
  pullBack(gradient: Float64Array): Float64Array {
    const order = this.graph.topologicalOrder;
    for (let position = order.length - 1; position >= 0; position--) {
      const variable = order[position]!;
      const { parents, mean } = this.nodes[variable]!;
      const value = gradient[variable]!;
      for (let r = 0; r < parents.length; r++) gradient[parents[r]!]! += mean[r]! * value;
    }
    return gradient;
  }

  /** One posterior draw of (B, sigma^2): weights [p, p], noiseVariances [p]. */
  draw(stream: RandomStream): { weights: Float64Array; noiseVariances: Float64Array } {
    const { size } = this;
    const weights = new Float64Array(size * size);
    const noiseVariances = new Float64Array(size);
    this.nodes.forEach((node, variable) => {
      const known = this.noise.kind === 'known';
      const variance = known ? this.noiseVariance(variable) : sampleInverseGamma(stream, node.shape, node.scale);
      noiseVariances[variable] = variance;
      const k = node.parents.length;
      const normals = Float64Array.from({ length: k }, () => Math.sqrt(variance) * stream.normal());
      const { mean, covarianceRoot: factor } = node;
      for (let r = 0; r < k; r++) {
        let value = mean[r]!;
        for (let c = 0; c <= r; c++) value += factor[r * k + c]! * normals[c]!;
        weights[variable * size + node.parents[r]!] = value;
      }
    });
    return { weights, noiseVariances };
  }

  /** A posterior of its own with the same state. */
  clone(): DagRegressionPosterior {
    return this.#copyWith(this.noise);
  }

  /** The same regressions with the noise variances held at their present means, as if these were known. */
  withNoiseHeld(): DagRegressionPosterior {
    return this.#copyWith({ kind: 'known', variances: this.nodes.map((_, variable) => this.noiseVariance(variable)) });
  }

  #copyWith(noise: NoiseModel): DagRegressionPosterior {
    const copy = new DagRegressionPosterior({ graph: this.graph, noise });
    copy.nodes.forEach((node, variable) => {
      node.copyFrom(this.nodes[variable]!);
    });
    return copy;
  }
}

function checkPrior(size: number, noise: NoiseModel, priorVariance: number): void {
  if (!(priorVariance > 0))
    throw new CausalPilotError(
      'E_INPUT',
      `DagRegressionPosterior: 'priorVariance' must be positive, got ${priorVariance}`,
    );
  if (noise.kind === 'unknown') {
    if (!(noise.shape > 0) || !(noise.scale >= 0))
      throw new CausalPilotError(
        'E_INPUT',
        `DagRegressionPosterior: the inverse gamma prior needs shape > 0 and scale >= 0, got ${noise.shape} and ${noise.scale}`,
      );
    return;
  }
  checkShape('DagRegressionPosterior', 'noise.variances', [noise.variances.length], [size]);
  for (let variable = 0; variable < size; variable++)
    if (!(noise.variances[variable]! > 0))
      throw new CausalPilotError(
        'E_INPUT',
        `DagRegressionPosterior: 'noise.variances' must be positive, got ${noise.variances[variable]} for variable ${variable}`,
      );
}
