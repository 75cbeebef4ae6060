import type { LibraryHandle } from 'koffi';
import { optionalKernel } from '../device/optional-kernel.js';

// Shapes: K histories, n rows, d variables.

/** Rows of one history as the mechanisms of its variables see them. */
export interface MechanismRows {
  readonly rows: number;
  readonly size: number;
  /** [n, d] */
  readonly values: Float32Array;
  /** [n, d], 1 where a variable was set from outside: the row says nothing about its mechanism. */
  readonly excluded: Uint8Array;
  /** [n, d], what a shift added to a variable; absent where nothing was shifted. */
  readonly shifts?: Float32Array;
}

/** Sufficient statistics of K histories of d variables. */
export interface SinkStatistics {
  readonly count: number;
  readonly size: number;
  /** [K, d, d, d]: for each sink the Gram matrix of all variables over the rows that tell about its mechanism. */
  readonly grams: Float64Array;
  /** [K, d]: how many rows these are, one less with a free intercept. */
  readonly rowCounts: Float64Array;
}

/** The prior as six numbers: scale-free or not, odds of an edge, shape, scale, g, most parents. */
export type ExactPriorNumbers = Float64Array;

/** What the exact posterior computes; in C++, and in TypeScript as its reference. */
export interface ExactPosteriorKernel {
  /** Gram matrices [d, d, d] and row counts [d] of one history, about the mean where `centred`. */
  sinkGrams(rows: MechanismRows, centred: boolean): { readonly grams: Float64Array; readonly rowCounts: Float64Array };
  /** Log scores [K, d, 2^(d-1)] of all parent sets, a bit for each other variable in ascending order. */
  logScores(statistics: SinkStatistics, prior: ExactPriorNumbers): Float64Array;
  /** Edge probabilities [K, d, d], and log evidences [K] without the constants of the prior over graphs. */
  posterior(
    statistics: SinkStatistics,
    prior: ExactPriorNumbers,
  ): { readonly edgeProbabilities: Float64Array; readonly logEvidence: Float64Array };
}

/** The kernel of the built native library, or undefined where that cannot be used. */
export const nativeExactPosteriorKernel = optionalKernel(bindExactPosteriorKernel);

function bindExactPosteriorKernel(library: LibraryHandle): ExactPosteriorKernel {
  const sinkGrams = library.func(
    'void cp_sink_grams(const float* values, const uint8_t* excluded, const float* shifts, int32_t rows, int32_t d, int32_t centred, double* grams, double* counts)',
  );
  const scores = library.func(
    'void cp_exact_scores(const double* grams, const double* counts, int32_t K, int32_t d, const double* prior, double* scores)',
  );
  const posterior = library.func(
    'void cp_exact_posterior(const double* grams, const double* counts, int32_t K, int32_t d, const double* prior, double* edges, double* evidence)',
  );
  return {
    sinkGrams({ rows, size, values, excluded, shifts }, centred) {
      const grams = new Float64Array(size ** 3);
      const rowCounts = new Float64Array(size);
      sinkGrams(values, excluded, shifts ?? null, rows, size, centred ? 1 : 0, grams, rowCounts);
      return { grams, rowCounts };
    },
    logScores({ count, size, grams, rowCounts }, prior) {
      const found = new Float64Array(count * size * 2 ** (size - 1));
      scores(grams, rowCounts, count, size, prior, found);
      return found;
    },
    posterior({ count, size, grams, rowCounts }, prior) {
      const edgeProbabilities = new Float64Array(count * size * size);
      const logEvidence = new Float64Array(count);
      posterior(grams, rowCounts, count, size, prior, edgeProbabilities, logEvidence);
      return { edgeProbabilities, logEvidence };
    },
  };
}
