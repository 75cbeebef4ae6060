import { randomBeta, randomGamma, randomLogNormal } from 'd3-random';
import { CausalPilotError } from '../errors.js';
import { drawPoisson } from './poisson.js';
import type { RandomStream } from './stream.js';

// d3-random's generators keep a spare normal inside. Each draw here makes a fresh one, so that a stream's `state()` is
// all the state there is and two users of one stream never share a hidden number.

function checkPositive(functionName: string, parameters: Readonly<Record<string, number>>): void {
  for (const [parameter, value] of Object.entries(parameters))
    if (!(value > 0 && Number.isFinite(value)))
      throw new CausalPilotError(
        'E_INPUT',
        `${functionName}: '${parameter}' must be positive and finite, got ${value}`,
      );
}

/** Gamma with density proportional to x^(shape-1) exp(-x / scale); mean shape * scale. */
export function sampleGamma(stream: RandomStream, shape: number, scale = 1): number {
  checkPositive('sampleGamma', { shape, scale });
  return randomGamma.source(() => stream.uniform())(shape, scale)();
}

/** Inverse gamma with density proportional to x^(-shape-1) exp(-scale / x); mean scale / (shape - 1) for shape > 1. */
export function sampleInverseGamma(stream: RandomStream, shape: number, scale = 1): number {
  checkPositive('sampleInverseGamma', { shape, scale });
  return scale / sampleGamma(stream, shape);
}

/** Beta on (0, 1) with mean alpha / (alpha + beta). */
export function sampleBeta(stream: RandomStream, alpha: number, beta: number): number {
  checkPositive('sampleBeta', { alpha, beta });
  return randomBeta.source(() => stream.uniform())(alpha, beta)();
}

/** Poisson count; a mean of 0 gives 0. */
export function samplePoisson(stream: RandomStream, mean: number): number {
  if (mean === 0) return 0;
  checkPositive('samplePoisson', { mean });
  return drawPoisson(stream, mean);
}

/** Gumbel (maximum) with distribution function exp(-exp(-(x - location) / scale)); mean location + 0.5772 scale. */
export function sampleGumbel(stream: RandomStream, location = 0, scale = 1): number {
  return location - scale * Math.log(-Math.log(stream.openUniform()));
}

/** Laplace with density exp(-|x - location| / scale) / (2 scale); variance 2 scale^2. */
export function sampleLaplace(stream: RandomStream, location = 0, scale = 1): number {
  const centred = stream.openUniform() - 0.5;
  return location - scale * Math.sign(centred) * Math.log1p(-2 * Math.abs(centred));
}

/** exp of N(logMean, logStd^2). */
export function sampleLogNormal(stream: RandomStream, logMean = 0, logStd = 1): number {
  return randomLogNormal.source(() => stream.uniform())(logMean, logStd)();
}

/** N(mean, std^2). */
export function sampleNormal(stream: RandomStream, mean = 0, std = 1): number {
  return mean + std * stream.normal();
}
