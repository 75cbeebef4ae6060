import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { AcquisitionFunction } from './acquisition.js';
import type { DagRegressionPosterior } from './dag-regression-posterior.js';
import { squaredDistance } from './squared-distance.js';

// Criteria averaged over posterior draws of B. The draws are fixed when the criterion is built, so that it is a
// deterministic, differentiable function of the shift. Shapes: p variables, S draws.

export interface MonteCarloOptions {
  readonly posterior: DagRegressionPosterior;
  readonly goalMean: Float64Array;
  readonly stream: RandomStream;
  /** S. @defaultValue 64 */
  readonly draws?: number;
}

function drawCount({ draws = 64 }: MonteCarloOptions): number {
  if (!Number.isInteger(draws) || draws < 1)
    throw new CausalPilotError('E_INPUT', `Monte Carlo acquisition: 'draws' must be a positive integer, got ${draws}`);
  return draws;
}

/**
 * EI: minus the expected improvement E[max(best - |a' - (I - B) mu*|^2, 0)] over posterior draws of B, where best is the smallest
 * expected gap among the shifts already tried, or that of no shift at all before the first.
 */
export class ExpectedImprovement implements AcquisitionFunction {
  readonly size: number;
  readonly prefersLongShifts = false;
  readonly isMaximum = false;
  readonly degree = 2;
  readonly #optima: readonly Float64Array[];
  readonly #best: number;

  constructor(options: MonteCarloOptions & { readonly tried: readonly Float64Array[] }) {
    const { posterior, goalMean, stream, tried } = options;
    this.size = posterior.size;
    this.#optima = Array.from({ length: drawCount(options) }, () =>
      shiftTowards(posterior.draw(stream).weights, goalMean),
    );
    const candidates = tried.length > 0 ? tried : [new Float64Array(this.size)];
    this.#best = Math.min(...candidates.map((shift) => this.#meanGap(shift)));
  }

  #meanGap(shift: Float64Array): number {
    return this.#optima.reduce((sum, optimum) => sum + squaredDistance(shift, optimum), 0) / this.#optima.length;
  }

  value(shift: Float64Array): number {
    return this.valueAndGradient(shift, new Float64Array(this.size));
  }

  valueAndGradient(shift: Float64Array, gradient: Float64Array): number {
    gradient.fill(0);
    let total = 0;
    const scale = 2 / this.#optima.length;
    for (const optimum of this.#optima) {
      const improvement = this.#best - squaredDistance(shift, optimum);
      if (improvement <= 0) continue;
      total -= improvement;
      for (let i = 0; i < this.size; i++) gradient[i]! += scale * (shift[i]! - optimum[i]!);
    }
    return total / this.#optima.length;
  }
}

/**
 * MI: minus the mutual information between B and one row x' measured under a' (Bayesian active learning by disagreement).
 * Given B and the noise variances every regression is Gaussian, so
 *
 *   I(B; x' | a') = E sum_i 1/2 log(1 + x'_pa' M_i x'_pa),   x' = (I - B)^-1 (a' + eps),
 *
 * exactly for known variances; the expectation runs over S fixed draws of (B, eps).
 */
export class MutualInformation implements AcquisitionFunction {
  readonly size: number;
  readonly prefersLongShifts = false;
  readonly isMaximum = false;
  readonly degree = 0;
  readonly #posterior: DagRegressionPosterior;
  readonly #draws: readonly { readonly weights: Float64Array; readonly noise: Float64Array }[];

  constructor(options: MonteCarloOptions) {
    const { posterior, stream } = options;
    this.size = posterior.size;
    this.#posterior = posterior;
    this.#draws = Array.from({ length: drawCount(options) }, () => {
      const { weights, noiseVariances } = posterior.draw(stream);
      return { weights, noise: noiseVariances.map((variance) => Math.sqrt(variance) * stream.normal()) };
    });
  }

  value(shift: Float64Array): number {
    return this.valueAndGradient(shift, new Float64Array(this.size));
  }

  valueAndGradient(shift: Float64Array, gradient: Float64Array): number {
    gradient.fill(0);
    const slope = new Float64Array(this.size);
    let total = 0;
    for (const { weights, noise } of this.#draws) {
      const x = this.#propagate(weights, shift, noise);
      slope.fill(0);
      total += this.#information(x, slope);
      this.#propagateBack(weights, slope);
      for (let i = 0; i < this.size; i++) gradient[i]! -= slope[i]! / this.#draws.length;
    }
    return -total / this.#draws.length;
  }

  /** sum_i 1/2 log(1 + x_pa' M_i x_pa), its gradient added to `slope`. */
  #information(x: Float64Array, slope: Float64Array): number {
    let total = 0;
    for (const { parents, covariance } of this.#posterior.nodes) {
      const k = parents.length;
      const gain = new Float64Array(k);
      let spread = 1;
      for (let r = 0; r < k; r++) {
        for (let c = 0; c < k; c++) gain[r]! += covariance[r * k + c]! * x[parents[c]!]!;
        spread += gain[r]! * x[parents[r]!]!;
      }
      total += Math.log(spread) / 2;
      for (let r = 0; r < k; r++) slope[parents[r]!]! += gain[r]! / spread;
    }
    return total;
  }

  #propagate(weights: Float64Array, shift: Float64Array, noise: Float64Array): Float64Array {
    const x = new Float64Array(this.size);
    for (const i of this.#posterior.graph.topologicalOrder) {
      let value = shift[i]! + noise[i]!;
      for (const parent of this.#posterior.nodes[i]!.parents) value += weights[i * this.size + parent]! * x[parent]!;
      x[i] = value;
    }
    return x;
  }

  #propagateBack(weights: Float64Array, slope: Float64Array): void {
    const order = this.#posterior.graph.topologicalOrder;
    for (let position = order.length - 1; position >= 0; position--) {
      const i = order[position]!;
      for (const parent of this.#posterior.nodes[i]!.parents)
        slope[parent]! += weights[i * this.size + parent]! * slope[i]!;
    }
  }
}

/** (I - B) mean for weights [p, p]. */
function shiftTowards(weights: Float64Array, mean: Float64Array): Float64Array {
  const p = mean.length;
  return mean.map((value, i) => {
    let shift = value;
    for (let k = 0; k < p; k++) shift -= weights[i * p + k]! * mean[k]!;
    return shift;
  });
}
