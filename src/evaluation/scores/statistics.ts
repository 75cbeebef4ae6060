import { CausalPilotError } from '../../../core/errors.js';
import type { RandomStream } from '../../../core/random/stream.js';
import { studentInterval } from './student-interval.js';

// Shapes: n systems, B bootstrap samples.

/** A mean over systems with its 95 % interval. */
export interface Estimate {
  /** Mean over the systems where the figure is defined; NaN if there is none. */
  readonly mean: number;
  /** Percentile bootstrap interval, of few systems Student's; [NaN, NaN] where fewer than two systems are defined. */
  readonly ci95: readonly [number, number];
  /** Systems where the figure is defined. */
  readonly n: number;
}

/** Below so many systems percentiles of a bootstrap are too narrow, and Student's interval takes their place. */
export const FEW_SYSTEMS = 20;

/**
 * Percentile bootstrap of the mean (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13), resampling
 * systems. The B resamples are drawn once and serve every series of n figures, so that the interval of one strategy
 * does not depend on which others are evaluated, and differences are resampled in pairs.
 */
export class Bootstrap {
  /** [B, n]: how often each system is in each resample. */
  readonly #counts: Uint16Array;

  /** @throws CausalPilotError E_CONFIG if `samples` is not a positive integer. */
  constructor(
    readonly systems: number,
    readonly samples: number,
    stream: RandomStream,
  ) {
    if (!Number.isInteger(samples) || samples < 1)
      throw new CausalPilotError(
        'E_CONFIG',
        `bootstrap: the number of samples must be a positive integer, got ${samples}`,
      );
    this.#counts = new Uint16Array(samples * systems);
    for (let sample = 0; sample < samples; sample++)
      for (let draw = 0; draw < systems; draw++)
        this.#counts[sample * systems + Math.floor(stream.uniform() * systems)]!++;
  }

  /** Mean of `values` [n] with its interval; NaN marks a system where the figure is undefined. */
  estimate(values: ArrayLike<number>): Estimate {
    const { systems, samples } = this;
    if (values.length !== systems)
      throw new CausalPilotError(
        'E_SHAPE',
        `Bootstrap.estimate: 'values' must have ${systems} entries, got ${values.length}`,
      );
    const known = Float64Array.from(values, (value) => (Number.isNaN(value) ? 0 : value));
    const isKnown = Uint8Array.from(values, (value) => (Number.isNaN(value) ? 0 : 1));
    const n = isKnown.reduce((sum, flag) => sum + flag, 0);
    if (n < FEW_SYSTEMS) return estimateFew(Array.from(values).filter((value) => !Number.isNaN(value)));
    const means: number[] = [];
    for (let sample = 0; sample < samples; sample++) {
      const counts = this.#counts.subarray(sample * systems, (sample + 1) * systems);
      const weight = n === systems ? systems : weightedSum(counts, isKnown);
      // A resample may miss every defined system when these are few among many; it says nothing about their mean.
      if (weight > 0) means.push(weightedSum(counts, known) / weight);
    }
    const mean = known.reduce((sum, value) => sum + value, 0) / n;
    const sorted = Float64Array.from(means).sort();
    return { mean, ci95: [quantile(sorted, 0.025), quantile(sorted, 0.975)], n };
  }
}

function estimateFew(values: readonly number[]): Estimate {
  const { mean, ci95 } = studentInterval(values);
  return { mean, ci95: ci95 ?? [Number.NaN, Number.NaN], n: values.length };
}

/** sum_i counts_i values_i; four partial sums, because one would wait for each addition. */
function weightedSum(counts: Uint16Array, values: Float64Array | Uint8Array): number {
  const whole = counts.length - (counts.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    a += counts[i]! * values[i]!;
    b += counts[i + 1]! * values[i + 1]!;
    c += counts[i + 2]! * values[i + 2]!;
    d += counts[i + 3]! * values[i + 3]!;
  }
  for (let i = whole; i < counts.length; i++) a += counts[i]! * values[i]!;
  return a + b + c + d;
}

/** Quantile of ascending values by linear interpolation between order statistics (type 7); NaN if there is none. */
export function quantile(sorted: ArrayLike<number>, probability: number): number {
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const lower = sorted[below] ?? Number.NaN;
  const upper = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN;
  return lower + (position - below) * (upper - lower);
}

/** values - reference, system by system: [n]; NaN where either is undefined. */
export function pairedDifferences(values: Float64Array, reference: Float64Array): Float64Array {
  return values.map((value, system) => value - reference[system]!);
}
