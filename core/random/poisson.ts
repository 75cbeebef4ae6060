import type { RandomStream } from './stream.js';

/** From here on rejection is faster than multiplying uniforms; the rejection's constants hold from a mean of 10. */
export const POISSON_REJECTION_FROM = 10;

/** ln k! for k < 10. */
const SMALL_LOG_FACTORIALS = Array.from({ length: 10 }, (_, k) => {
  let total = 0;
  for (let factor = 2; factor <= k; factor++) total += Math.log(factor);
  return total;
});

/** ln k!, by Stirling's series for k >= 10 (error below 1e-12). */
function logFactorial(k: number): number {
  if (k < SMALL_LOG_FACTORIALS.length) return SMALL_LOG_FACTORIALS[k]!;
  const inverse = 1 / k;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
  return (k + 0.5) * Math.log(k) - k + 0.5 * Math.log(2 * Math.PI) + series;
}

/** Where uniforms in (0, 1) come from, one after the other. */
export type UniformSource = Pick<RandomStream, 'uniform' | 'openUniform'>;

/** A Poisson count of positive `mean`. */
export function drawPoisson(stream: RandomStream, mean: number): number {
  return mean < POISSON_REJECTION_FROM ? byMultiplication(stream, mean) : poissonByRejection(stream, mean);
}

/** Arrivals of a unit-rate process before `mean`: uniforms are multiplied until they fall below exp(-mean). */
function byMultiplication(stream: RandomStream, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = stream.openUniform(); product > limit; product *= stream.openUniform()) count++;
  return count;
}

/**
 * Transformed rejection with squeeze, algorithm PTRS of W. Hormann, "The transformed rejection method for generating
 * Poisson random variables", Insurance: Mathematics and Economics 12 (1993): about 1.2 pairs of uniforms per count, and
 * a logarithm for few of them.
 */
export function poissonByRejection(source: UniformSource, mean: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const centred = source.uniform() - 0.5;
    const v = source.openUniform();
    const distance = 0.5 - Math.abs(centred);
    const count = Math.floor(((2 * a) / distance + b) * centred + mean + 0.43);
    if (distance >= 0.07 && v <= squeeze) return count;
    if (count < 0 || distance === 0 || (distance < 0.013 && v > distance)) continue;
    const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
    const hat = Math.log((v * inverseAlpha) / (a / (distance * distance) + b));
    if (hat <= count * Math.log(mean) - mean - logFactorial(count)) return count;
  }
}
