import { CausalPilotError } from '../../core/errors.js';
import type { AcquisitionFunction } from './acquisition.js';
import type { DagRegressionPosterior } from './dag-regression-posterior.js';
import { type FeasibleSet, lengthUnit, meanSquaredGap } from './feasible-set.js';
import { LookaheadSpread } from './lookahead-spread.js';

// Causal integrated variance, Zhang et al. 2023: the posterior variance of the optimality gap
//
//   g(a) = sum_i Z_i^2,   Z_i = a_i + mean of n noises - [(I - B) mu*]_i,
//
// after a hypothetical experiment a', averaged over the shifts a that could be judged.
//
// Given sigma_i^2, Z_i ~ N(d_i, sigma_i^2 tau_i) with d_i = a_i - b_i and tau_i = s_i + 1/n, where s_i = mu_pa' M_i mu_pa is the
// spread of `LookaheadSpread`. The Z_i are independent, so Var g = sum_i Var Z_i^2.
//
// Known variances (proposition 1): Var Z_i^2 = 2 sigma^4 tau^2 + 4 d^2 sigma^2 tau. Half of it, without what a' cannot change, is
//   (sigma^2 s)^2 + 2 (sigma^2 s) (sigma^2/n + d^2).
//
// Unknown variances (the general case, which the paper leaves to its supplement; derived here): by the law of total variance
//   Var Z^2 = E[2 sigma^4 tau^2 + 4 d^2 sigma^2 tau] + Var[d^2 + sigma^2 tau]
//           = tau^2 (2 E[sigma^4] + Var[sigma^2]) + 4 d^2 tau E[sigma^2],
// with sigma^2 ~ InvGamma(alpha, beta): E = beta/(alpha-1), E[sigma^4] = beta^2/((alpha-1)(alpha-2)), Var = E[sigma^4] - E^2. The
// hypothetical rows lie exactly on the current regression, so they leave m and beta as they are and only change M and
// alpha -> alpha + n/2. Half of it without the constants, with kappa = E[sigma^4] + Var/2, is
//   kappa s^2 + 2 s (kappa/n + d^2 E).
// As alpha grows with beta/(alpha-1) fixed, kappa -> sigma^4 and the known case returns.
//
// Averaging d_i^2 over the measure on a gives c_i (`meanSquaredGap`, or the output weighting below). Both cases are then
//   h(a') = sum_i quadratic_i s_i^2 + linear_i s_i.

/** How shifts a near the estimated optimum b are weighted in the average. */
export type GapMeasure =
  /** Every shift of the feasible set alike: CIV. */
  | { readonly kind: 'uniform' }
  /**
   * The weights of the authors' published code: c_i = 16 w_i / sum w, w_i = max(0.1, 1 - b_i^2)^((4-p)/2) b_i^2. For p = 3, where
   * output weighting degenerates, the bimodal von Mises-Fisher measure of `concentration` replaces it. CIV-OW. Lengths are in units
   * of the longest shift, which is 1 in the paper.
   */
  | { readonly kind: 'output-weighted'; readonly concentration?: number }
  /** Equations 8-9 integrated exactly on the sphere, see `exactOutputWeightedGap`. */
  | { readonly kind: 'output-weighted-exact' };

export interface IntegratedVarianceOptions {
  readonly posterior: DagRegressionPosterior;
  readonly goalMean: Float64Array;
  /** Rows n measured by the next experiment. */
  readonly rows: number;
  readonly feasible: FeasibleSet;
  /** @defaultValue uniform */
  readonly measure?: GapMeasure;
  /**
   * Whether the noise of the mean of n rows counts as sigma^2/n, as in the paper, or as sigma^2, as in the authors' code. No
   * difference at n = 1. @defaultValue true
   */
  readonly averageNoise?: boolean;
}

/** Concentration of the bimodal von Mises-Fisher measure for p = 3; the paper names no value, this one is ours. */
const DEFAULT_CONCENTRATION = 5;

/** CIV and CIV-OW, with known or unknown noise variances. */
export class IntegratedVariance implements AcquisitionFunction {
  readonly size: number;
  readonly prefersLongShifts = true;
  readonly isMaximum = false;
  readonly degree = 4;
  readonly #lookahead: LookaheadSpread;
  readonly #quadratic: Float64Array;
  readonly #linear: Float64Array;
  readonly #weights: Float64Array;

  constructor(options: IntegratedVarianceOptions) {
    const { posterior, goalMean, rows, averageNoise = true } = options;
    this.size = posterior.size;
    this.#lookahead = new LookaheadSpread(posterior, goalMean, rows);
    this.#weights = new Float64Array(this.size);
    const gap = gapCoefficients(options);
    const noiseRows = averageNoise ? rows : 1;
    const moments = posterior.nodes.map((_, i) => noiseMoments(posterior, i, rows));
    this.#quadratic = Float64Array.from(moments, ({ quadratic }) => quadratic);
    this.#linear = Float64Array.from(moments, (m, i) => 2 * (m.quadratic / noiseRows + m.mean * gap[i]!));
  }

  value(shift: Float64Array): number {
    const spread = this.#lookahead.evaluate(shift);
    let total = 0;
    for (let i = 0; i < spread.length; i++) total += (this.#quadratic[i]! * spread[i]! + this.#linear[i]!) * spread[i]!;
    return total;
  }

  valueAndGradient(shift: Float64Array, gradient: Float64Array): number {
    const value = this.value(shift);
    const { spread } = this.#lookahead;
    for (let i = 0; i < spread.length; i++) this.#weights[i] = 2 * this.#quadratic[i]! * spread[i]! + this.#linear[i]!;
    this.#lookahead.gradient(this.#weights, gradient);
    return value;
  }
}

/** E[sigma_i^2] and kappa_i (see the head of this file) once `rows` more rows are in. */
function noiseMoments(posterior: DagRegressionPosterior, variable: number, rows: number) {
  if (posterior.noise.kind === 'known') {
    const mean = posterior.noiseVariance(variable);
    return { mean, quadratic: mean * mean };
  }
  const { scale } = posterior.nodes[variable]!;
  const shape = posterior.nodes[variable]!.shape + rows / 2;
  if (!(shape > 2))
    throw new CausalPilotError(
      'E_INPUT',
      `IntegratedVariance: the variance of an unknown noise variance is finite only for an inverse gamma shape above 2, got ${shape}; start with more warm-up rows or a larger shape`,
    );
  const mean = scale / (shape - 1);
  const fourth = (scale * scale) / ((shape - 1) * (shape - 2));
  return { mean, quadratic: fourth + (fourth - mean * mean) / 2 };
}

function gapCoefficients(options: IntegratedVarianceOptions): Float64Array {
  const { posterior, goalMean, feasible, measure = { kind: 'uniform' } } = options;
  const estimate = posterior.estimatedShift(goalMean);
  if (measure.kind === 'uniform') return meanSquaredGap(feasible, estimate);
  const unit = lengthUnit(feasible);
  return outputWeightedGap(
    estimate.map((b) => b / unit),
    measure,
  ).map((gap) => gap * unit * unit);
}

/** c_i for the estimate of a goal that unit shifts reach. */
function outputWeightedGap(estimate: Float64Array, measure: Exclude<GapMeasure, { kind: 'uniform' }>): Float64Array {
  if (measure.kind === 'output-weighted-exact') return exactOutputWeightedGap(estimate);
  if (estimate.length === 3) return vonMisesFisherGap(estimate, measure.concentration ?? DEFAULT_CONCENTRATION);
  return publishedOutputWeights(estimate);
}

function publishedOutputWeights(estimate: Float64Array): Float64Array {
  const p = estimate.length;
  const weights = estimate.map((b) => Math.max(0.1, 1 - b * b) ** ((4 - p) / 2) * b * b);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return total > 0 ? weights.map((weight) => (16 * weight) / total) : weights;
}

/**
 * E[(a_i - b_i)^2] on the unit sphere under the measure of equation 8. Uniform a has density (1 - c^2)^((p-3)/2) in its cosine
 * c with b, which is also the density of |a - b|^2; dividing by it leaves c uniform on [-1, 1]. So E[c^2] = 1/3, and with the
 * unit vector e = b/|b|, E[a_i^2] = e_i^2/3 + (2/3)(1 - e_i^2)/(p - 1), E[a_i] = 0. At p = 3 this is the uniform 1/p.
 */
export function exactOutputWeightedGap(estimate: Float64Array): Float64Array {
  return axialGap(estimate, 1 / 3);
}

/** The same under density cosh(kappa c) on the sphere in three dimensions: E[c^2] = 1 - 2 coth(kappa)/kappa + 2/kappa^2. */
export function vonMisesFisherGap(estimate: Float64Array, concentration: number): Float64Array {
  if (!(concentration > 0))
    throw new CausalPilotError('E_INPUT', `vonMisesFisherGap: 'concentration' must be positive, got ${concentration}`);
  return axialGap(estimate, 1 - 2 / (concentration * Math.tanh(concentration)) + 2 / concentration ** 2);
}

/** E[(a_i - b_i)^2] for a on the unit sphere, symmetric about the axis b, with mean squared cosine `cosineSquared`. */
function axialGap(estimate: Float64Array, cosineSquared: number): Float64Array {
  const p = estimate.length;
  const squaredLength = estimate.reduce((sum, b) => sum + b * b, 0);
  if (p === 1 || squaredLength === 0) return estimate.map((b) => b * b + 1 / p);
  return estimate.map((b) => {
    const axis = (b * b) / squaredLength;
    return b * b + cosineSquared * axis + ((1 - cosineSquared) * (1 - axis)) / (p - 1);
  });
}
