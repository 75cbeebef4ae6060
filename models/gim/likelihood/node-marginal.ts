// The exact marginal of one variable in one context whose rows share an unknown shift: x_j - f_j = I delta + noise,
// I ~ Bernoulli(sigmoid(logit)), delta ~ N(shift, shiftDeviation^2), noise ~ N(0, noise^2). Hypothesis 0 is I = 0, 1 is I = 1.

/** What the rows of a context say about one variable. */
export interface ResidualMoments {
  readonly rows: number;
  readonly mean: number;
  /** Sum of squares about the mean, not divided by the rows. */
  readonly scatter: number;
}

/** What is believed of the variable before the rows are seen. */
export interface TargetBelief {
  /** Log odds that it is a target. */
  readonly logit: number;
  readonly shift: number;
  /** Standard deviation of the shift, 0 or more. */
  readonly shiftDeviation: number;
  /** Standard deviation of the noise. */
  readonly noise: number;
  /** Nats that a target costs; with a cost the mixture is a penalised value, no density. */
  readonly cost: number;
}

export interface NodeMarginal {
  /** Log densities of the residuals if it is no target, and if it is one with the shift integrated out. */
  readonly logUntouched: number;
  readonly logTargeted: number;
  readonly logMixture: number;
  readonly posteriorTarget: number;
  /** Of the shift, given the rows and that it is a target. */
  readonly posteriorShiftMean: number;
  readonly posteriorShiftVariance: number;
}

export function nodeMarginal({ rows, mean, scatter }: ResidualMoments, belief: TargetBelief): NodeMarginal {
  const { logit, shift, shiftDeviation, noise, cost } = belief;
  const variance = noise * noise;
  const ofMean = shiftDeviation * shiftDeviation + variance / rows;
  const normal = (-rows / 2) * Math.log(2 * Math.PI * variance) - scatter / (2 * variance);
  const logUntouched = normal - (rows * mean * mean) / (2 * variance);
  const logTargeted = normal + (Math.log(variance / rows / ofMean) - (mean - shift) ** 2 / ofMean) / 2;
  const logOdds = logit + logTargeted - cost - logUntouched;
  const gain = (shiftDeviation * shiftDeviation) / ofMean;
  return {
    logUntouched,
    logTargeted,
    // log[(1 - pi) e^L0 + pi e^(L1 - cost)] with the larger term taken out, so that neither tail is lost.
    logMixture:
      logOdds > 0
        ? logSigmoid(logit) + logTargeted - cost + Math.log1p(Math.exp(-logOdds))
        : logSigmoid(-logit) + logUntouched + Math.log1p(Math.exp(logOdds)),
    posteriorTarget: sigmoid(logOdds),
    posteriorShiftMean: shift + gain * (mean - shift),
    posteriorShiftVariance: (gain * variance) / rows,
  };
}

/** Derivatives of `logMixture` in what it depends on. */
export interface NodeMarginalGradient {
  readonly logit: number;
  readonly shift: number;
  readonly logShiftDeviation: number;
  readonly logNoise: number;
  readonly mean: number;
  readonly scatter: number;
}

export function nodeMarginalGradient(residual: ResidualMoments, belief: TargetBelief): NodeMarginalGradient {
  const { rows, mean, scatter } = residual;
  const { posteriorTarget: targeted } = nodeMarginal(residual, belief);
  const untouched = 1 - targeted;
  const variance = belief.noise ** 2;
  const shiftVariance = belief.shiftDeviation ** 2;
  const ofMean = shiftVariance + variance / rows;
  const miss = (mean - belief.shift) / ofMean;
  const ofMeanVariance = (miss * miss - 1 / ofMean) / 2;
  const inVariance =
    (scatter / variance - rows + untouched * ((rows * mean * mean) / variance) + targeted) / (2 * variance) +
    (targeted * ofMeanVariance) / rows;
  return {
    logit: targeted - sigmoid(belief.logit),
    shift: targeted * miss,
    logShiftDeviation: targeted * ofMeanVariance * 2 * shiftVariance,
    logNoise: inVariance * 2 * variance,
    mean: -targeted * miss - (untouched * rows * mean) / variance,
    scatter: -1 / (2 * variance),
  };
}

export function sigmoid(logit: number): number {
  return logit >= 0 ? 1 / (1 + Math.exp(-logit)) : Math.exp(logit) / (1 + Math.exp(logit));
}

function logSigmoid(logit: number): number {
  return -Math.max(0, -logit) - Math.log1p(Math.exp(-Math.abs(logit)));
}
