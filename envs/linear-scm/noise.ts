import { sampleGumbel, sampleInverseGamma, sampleLaplace } from '../../core/random/distributions.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { LinearScmNoiseConfig } from './config.js';
import { RandomFourierFunction } from './random-fourier-function.js';

export type StandardNoiseKind = 'gaussian' | 'laplace' | 'gumbel';

/** Noise of d variables: a standard draw times a scale that is fixed, or a function of the variable's parents. */
export type LinearScmNoise =
  | {
      readonly kind: StandardNoiseKind;
      /** [d], standard deviation for gaussian, scale parameter for laplace (std sqrt 2 scale) and gumbel. */
      readonly scales: Float64Array;
    }
  | {
      readonly kind: 'heteroskedastic';
      /** One per variable, of its parents in ascending order; the scale is log(1 + exp(function)). */
      readonly scaleFunctions: readonly RandomFourierFunction[];
    };

/** Mean and variance of the standard draws; the Gumbel distribution is published as Gumbel(0, scale), so not centred. */
export const STANDARD_MOMENTS: Readonly<Record<StandardNoiseKind, { mean: number; variance: number }>> = {
  gaussian: { mean: 0, variance: 1 },
  laplace: { mean: 0, variance: 2 },
  gumbel: { mean: 0.5772156649015329, variance: Math.PI ** 2 / 6 },
};

/** Fills `out` with independent draws of location 0 and scale 1. */
export function fillStandardNoise(kind: LinearScmNoise['kind'], out: Float64Array, stream: RandomStream): void {
  if (kind === 'laplace') for (let index = 0; index < out.length; index++) out[index] = sampleLaplace(stream);
  else if (kind === 'gumbel') for (let index = 0; index < out.length; index++) out[index] = sampleGumbel(stream);
  else stream.fillNormal(out);
}

/** Draws the noise parameters of one system; `parentCounts` has shape [d]. */
export function sampleNoise(
  config: LinearScmNoiseConfig,
  parentCounts: readonly number[],
  stream: RandomStream,
): LinearScmNoise {
  if (config.kind === 'heteroskedastic')
    return {
      kind: 'heteroskedastic',
      scaleFunctions: parentCounts.map((inputs) => RandomFourierFunction.sample(inputs, config, stream)),
    };
  const variance = () => sampleInverseGamma(stream, config.varianceShape, config.varianceScale);
  return { kind: config.kind, scales: Float64Array.from(parentCounts, () => Math.sqrt(variance())) };
}
