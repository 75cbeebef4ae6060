import { sampleLogNormal } from '../../core/random/distributions.js';
import { drawPoisson } from '../../core/random/poisson.js';
import type { RandomStream } from '../../core/random/stream.js';

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
}

export interface DropoutOptions {
  readonly shape: number;
  /** In [0, 100]: about this share of the entries is lost. */
  readonly percentile: number;
}

/** Each gene is, with a probability, multiplied in all cells by one LogNormal(logMean, logStd) number. */
export function outlierGenes({ probability, logMean, logStd }: OutlierOptions): TechnicalNoiseStep {
  return (sheet, stream) => {
    const values = sheet.values.slice();
    for (let gene = 0; gene < sheet.genes; gene++) {
      if (!stream.bernoulli(probability)) continue;
      const factor = sampleLogNormal(stream, logMean, logStd);
      for (let entry = gene; entry < values.length; entry += sheet.genes) values[entry]! *= factor;
    }
    return { ...sheet, values };
  };
}

/** Each cell is rescaled so that its total is LogNormal(logMean, logStd); a cell without expression stays empty. */
export function librarySizes({ logMean, logStd }: LibrarySizeOptions): TechnicalNoiseStep {
  return (sheet, stream) => {
    const values = sheet.values.slice();
    for (let start = 0; start < values.length; start += sheet.genes) {
      const librarySize = Math.exp(logMean + logStd * stream.normal());
      let total = 0;
      for (let gene = 0; gene < sheet.genes; gene++) total += values[start + gene]!;
      if (total === 0) continue;
      for (let gene = 0; gene < sheet.genes; gene++) values[start + gene]! *= librarySize / total;
    }
    return { ...sheet, values };
  };
}

/** Keeps an entry with probability logistic(shape (log(1 + x) - m)), m being the percentile of log(1 + x) over the sheet. */
export function dropout({ shape, percentile }: DropoutOptions): TechnicalNoiseStep {
  return (sheet, stream) => {
    const logs = sheet.values.map((value) => Math.log1p(value));
    const midpoint = percentileOf(logs, percentile);
    const values = sheet.values.map((value, entry) =>
      stream.bernoulli(1 / (1 + Math.exp(-shape * (logs[entry]! - midpoint)))) ? value : 0,
    );
    return { ...sheet, values };
  };
}

/** Molecule counts: Poisson with the expression as its mean. */
export function counts(): TechnicalNoiseStep {
  return (sheet, stream) => ({
    ...sheet,
    values: sheet.values.map((mean) => (mean === 0 ? 0 : drawPoisson(stream, mean))),
  });
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
  const sorted = values.slice().sort();
  const position = (percentile / 100) * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] ?? 0;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? 0;
  return low + (position - below) * (high - low);
}
