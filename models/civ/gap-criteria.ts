import type { AcquisitionFunction } from './acquisition.js';
import type { DagRegressionPosterior } from './dag-regression-posterior.js';
import { LookaheadSpread } from './lookahead-spread.js';

// Criteria that judge a shift by its distance to the estimated optimum b = (I - E[B]) mu*.

/** Greedy: |a' - b|. */
export class GreedyGap implements AcquisitionFunction {
  readonly size: number;
  readonly prefersLongShifts = false;
  readonly isMaximum = false;
  readonly degree = 1;
  readonly #estimate: Float64Array;

  constructor(posterior: DagRegressionPosterior, goalMean: Float64Array) {
    this.size = posterior.size;
    this.#estimate = posterior.estimatedShift(goalMean);
  }

  value(shift: Float64Array): number {
    let squared = 0;
    for (let i = 0; i < this.size; i++) squared += (shift[i]! - this.#estimate[i]!) ** 2;
    return Math.sqrt(squared);
  }

  valueAndGradient(shift: Float64Array, gradient: Float64Array): number {
    const value = this.value(shift);
    for (let i = 0; i < this.size; i++) gradient[i] = value > 0 ? (shift[i]! - this.#estimate[i]!) / value : 0;
    return value;
  }

  minimiserInBall(radius: number): Float64Array {
    const length = Math.hypot(...this.#estimate);
    return length <= radius ? this.#estimate.slice() : this.#estimate.map((b) => (b * radius) / length);
  }
}

/**
 * UCB: |a' - b|^2 - beta sqrt(sum_i v_i (a'_i - b_i)^2) with v_i = sigma_i^2 mu_pa' M_i mu_pa from the data so far. The root is
 * half the standard deviation of the gap |a' - (I - B) mu*|^2 to first order in B; beta = 1 is the authors' setting.
 */
export class ConfidenceBound implements AcquisitionFunction {
  readonly size: number;
  readonly prefersLongShifts = false;
  readonly isMaximum = false;
  readonly degree = 2;
  readonly #estimate: Float64Array;
  readonly #variances: Float64Array;

  constructor(
    posterior: DagRegressionPosterior,
    goalMean: Float64Array,
    readonly beta = 1,
  ) {
    this.size = posterior.size;
    this.#estimate = posterior.estimatedShift(goalMean);
    this.#variances = new LookaheadSpread(posterior, goalMean, 0).current.map(
      (spread, i) => spread * posterior.noiseVariance(i),
    );
  }

  value(shift: Float64Array): number {
    return this.valueAndGradient(shift, new Float64Array(this.size));
  }

  valueAndGradient(shift: Float64Array, gradient: Float64Array): number {
    let gap = 0;
    let variance = 0;
    for (let i = 0; i < this.size; i++) {
      const difference = shift[i]! - this.#estimate[i]!;
      gap += difference * difference;
      variance += this.#variances[i]! * difference * difference;
    }
    const deviation = Math.sqrt(variance);
    for (let i = 0; i < this.size; i++) {
      const pull = deviation > 0 ? (this.beta * this.#variances[i]!) / deviation : 0;
      gradient[i] = (shift[i]! - this.#estimate[i]!) * (2 - pull);
    }
    return gap - this.beta * deviation;
  }
}
