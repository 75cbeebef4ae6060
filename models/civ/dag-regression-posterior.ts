import type { CausalGraph } from '../../core/causal/graph.js';
import { CausalPilotError, checkShape } from '../../core/errors.js';
import { sampleInverseGamma } from '../../core/random/distributions.js';
import type { RandomStream } from '../../core/random/stream.js';

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

/** B_i,pa | sigma_i^2 ~ N(mean, sigma_i^2 covariance), sigma_i^2 ~ InvGamma(shape, scale). */
export interface NodePosterior {
  /** [k], ascending. */
  readonly parents: Int32Array;
  /** [k] */
  readonly mean: Float64Array;
  /** [k, k], not scaled by the noise variance. */
  readonly covariance: Float64Array;
  /** Parameters of the inverse gamma; not used when the noise variances are known. */
  shape: number;
  scale: number;
}

/**
 * Bayesian linear regression on a known DAG: x = Bx + a + eps under shift interventions a, one conjugate regression of
 * x_i - a_i on the parents of i per variable (Zhang et al. 2023, definition 2 and lemma 1). Each row is a rank-one update:
 * with M the covariance, g = Mx, r = 1 + x'Mx and residual e = y - x'm: M -= gg'/r, m += ge/r, scale += e^2/(2r).
 */
export class DagRegressionPosterior {
  readonly size: number;
  readonly graph: CausalGraph;
  readonly noise: NoiseModel;
  readonly nodes: readonly NodePosterior[];

  /** @throws CausalPilotError E_INPUT for a prior or noise variance that is not positive, E_SHAPE for a wrong length. */
  constructor(options: DagRegressionOptions) {
    const { graph, noise, priorMean = 0, priorVariance = 1 } = options;
    checkPrior(graph.size, noise, priorVariance);
    this.size = graph.size;
    this.graph = graph;
    this.noise = noise;
    this.nodes = Array.from({ length: graph.size }, (_, variable) => {
      const parents = Int32Array.from(graph.parents(variable));
      const k = parents.length;
      const covariance = new Float64Array(k * k);
      for (let r = 0; r < k; r++) covariance[r * k + r] = priorVariance;
      const [shape, scale] = noise.kind === 'unknown' ? [noise.shape, noise.scale] : [0, 0];
      return { parents, mean: new Float64Array(k).fill(priorMean), covariance, shape, scale };
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
      for (let variable = 0; variable < size; variable++) this.#regress(variable, samples, offset, shift[variable]!);
  }

  #regress(variable: number, samples: ArrayLike<number>, offset: number, shift: number): void {
    const node = this.nodes[variable]!;
    const { parents, mean, covariance } = node;
    const k = parents.length;
    const gain = new Float64Array(k);
    let residual = samples[offset + variable]! - shift;
    let spread = 1;
    for (let r = 0; r < k; r++) {
      const x = samples[offset + parents[r]!]!;
      residual -= x * mean[r]!;
      let sum = 0;
      for (let c = 0; c < k; c++) sum += covariance[r * k + c]! * samples[offset + parents[c]!]!;
      gain[r] = sum;
      spread += x * sum;
    }
    for (let r = 0; r < k; r++) {
      const scaled = gain[r]! / spread;
      mean[r]! += scaled * residual;
      for (let c = 0; c < k; c++) covariance[r * k + c]! -= scaled * gain[c]!;
    }
    node.shape += 0.5;
    node.scale += (residual * residual) / (2 * spread);
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
    return Float64Array.from(this.nodes, (node, variable) => {
      let value = mean[variable]!;
      for (let r = 0; r < node.parents.length; r++) value -= node.mean[r]! * mean[node.parents[r]!]!;
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
      const factor = choleskyFactor(node.covariance, k);
      for (let r = 0; r < k; r++) {
        let value = node.mean[r]!;
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
      const source = this.nodes[variable]!;
      node.mean.set(source.mean);
      node.covariance.set(source.covariance);
      node.shape = source.shape;
      node.scale = source.scale;
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

/** Lower factor L with LL' = matrix [k, k]; a pivot that rounding has made negative counts as zero. */
function choleskyFactor(matrix: Float64Array, k: number): Float64Array {
  const factor = new Float64Array(k * k);
  for (let r = 0; r < k; r++) {
    for (let c = 0; c <= r; c++) {
      let sum = matrix[r * k + c]!;
      for (let j = 0; j < c; j++) sum -= factor[r * k + j]! * factor[c * k + j]!;
      if (r === c) factor[r * k + r] = Math.sqrt(Math.max(sum, 0));
      else factor[r * k + c] = factor[c * k + c]! > 0 ? sum / factor[c * k + c]! : 0;
    }
  }
  return factor;
}
