import { sampleLogNormal } from '../../core/random/distributions.js';
import type { RandomStream } from '../../core/random/stream.js';
import { counterNormal, counterPoisson, counterUniform, drawKey } from './counter-random.js';

// Shapes: R cells, d genes.

/** Expression of cells: [R, d] row-major, never negative. */
export interface ExpressionSheet {
  readonly cells: number;
  readonly genes: number;
  readonly values: Float32Array;
}

/** One effect of the measurement: a new sheet of the same shape. Effects compose with `applyTechnicalNoise`. */
export type TechnicalNoiseStep = (sheet: ExpressionSheet, stream: RandomStream) => ExpressionSheet;

export interface OutlierOptions {
  /** Probability that a gene is an outlier. */
  readonly probability: number;
  readonly logMean: number;
  readonly logStd: number;
}

export interface LibrarySizeOptions {
  readonly logMean: number;
  readonly logStd: number;
  /** Total of an average cell; if left out, each cell is referred to its own total. */
  readonly meanTotal?: number;
}

export interface DropoutOptions {
  readonly shape: number;
  /** In [0, 100]: about this share of the entries is lost. */
  readonly percentile: number;
  /** log(1 + x) at which every other entry is lost; if left out, the percentile of the sheet itself. */
  readonly midpoint?: number;
}

/** [genes] What each gene is multiplied with: with a probability one LogNormal(logMean, logStd) number, else 1. */
export function outlierFactors(
  genes: number,
  { probability, logMean, logStd }: OutlierOptions,
  stream: RandomStream,
): Float32Array {
  return Float32Array.from({ length: genes }, () =>
    stream.bernoulli(probability) ? sampleLogNormal(stream, logMean, logStd) : 1,
  );
}

/** Each gene is multiplied in all cells by its outlier factor: the given ones [d], or drawn for this sheet. */
export function outlierGenes(outliers: OutlierOptions | Float32Array): TechnicalNoiseStep {
  return (sheet, stream) => {
    const factors = outliers instanceof Float32Array ? outliers : outlierFactors(sheet.genes, outliers, stream);
    const values = sheet.values.slice();
    for (let gene = 0; gene < sheet.genes; gene++) {
      if (factors[gene] === 1) continue;
      for (let entry = gene; entry < values.length; entry += sheet.genes) values[entry]! *= factors[gene]!;
    }
    return { ...sheet, values };
  };
}

/**
 * Each cell is rescaled so that its total is LogNormal(logMean, logStd), or would be if it had `meanTotal` before; a cell
 * without expression stays empty.
 */
export function librarySizes({ logMean, logStd, meanTotal }: LibrarySizeOptions): TechnicalNoiseStep {
  return (sheet, stream) => {
    const key = drawKey(stream);
    const values = sheet.values.slice();
    for (let start = 0; start < values.length; start += sheet.genes) {
      let total = 0;
      for (let gene = 0; gene < sheet.genes; gene++) total += values[start + gene]!;
      if (total === 0) continue;
      const scale = Math.exp(logMean + logStd * counterNormal(key, start / sheet.genes)) / (meanTotal ?? total);
      for (let gene = 0; gene < sheet.genes; gene++) values[start + gene]! *= scale;
    }
    return { ...sheet, values };
  };
}

/** The midpoint of a dropout that is made for this sheet: the percentile of log(1 + x) over its entries. */
export function dropoutMidpoint({ values }: ExpressionSheet, percentile: number): number {
  return interpolatedPercentile(values, percentile, Math.log1p);
}

/** Keeps an entry with probability logistic(shape (log(1 + x) - midpoint)). */
export function dropout({ shape, percentile, midpoint }: DropoutOptions): TechnicalNoiseStep {
  return (sheet, stream) => {
    const key = drawKey(stream);
    const middle = Math.exp(midpoint ?? dropoutMidpoint(sheet, percentile));
    const values = sheet.values.map((value, entry) => {
      const odds = (middle / (1 + value)) ** shape;
      return counterUniform(key, entry) * (1 + odds) < 1 ? value : 0;
    });
    return { ...sheet, values };
  };
}

/** Molecule counts: Poisson with the expression as its mean. */
export function counts(): TechnicalNoiseStep {
  return (sheet, stream) => {
    const key = drawKey(stream);
    const values = sheet.values.map((mean, entry) => (mean === 0 ? 0 : counterPoisson(key, entry, mean)));
    return { ...sheet, values };
  };
}

/** The steps in order, each on the result of the one before; they draw from the stream one after the other. */
export function applyTechnicalNoise(
  sheet: ExpressionSheet,
  steps: readonly TechnicalNoiseStep[],
  stream: RandomStream,
): ExpressionSheet {
  return steps.reduce((noisy, step) => step(noisy, stream), sheet);
}

/** Percentile in [0, 100] with linear interpolation between order statistics. */
export function percentileOf(values: Float32Array, percentile: number): number {
  return interpolatedPercentile(values, percentile, (value) => value);
}

/** As `percentileOf`, of an increasing function of the values. */
function interpolatedPercentile(values: Float32Array, percentile: number, of: (value: number) => number): number {
  const sorted = values.slice().sort();
  const position = (percentile / 100) * (sorted.length - 1);
  const below = Math.floor(position);
  const low = of(sorted[below] ?? 0);
  const high = of(sorted[Math.min(below + 1, sorted.length - 1)] ?? 0);
  return low + (position - below) * (high - low);
}
