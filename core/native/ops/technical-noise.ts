import type { LibraryHandle } from 'koffi';
import { CausalPilotError } from '../../errors.js';
import { optionalKernel } from '../device/optional-kernel.js';

// Shapes: K sheets of R cells x d genes, one after the other.

/** Effects of a measurement as bits of `SheetBatch.integers`. */
export const SHEET_EFFECTS = { librarySize: 1, dropout: 2, ownMidpoint: 4, counts: 8 } as const;

/** Sheets that are measured in one call. */
export interface SheetBatch {
  /** [K, 3]: effects, cells R and genes d. */
  readonly integers: Int32Array;
  /** [K, 6]: log mean and log std of library sizes, mean total (0: each cell's own), shape, percentile and midpoint of the dropout. */
  readonly numbers: Float64Array;
  /** [K, 6]: keys of library sizes, dropout and counts. */
  readonly keys: Uint32Array;
  /** Expression of all sheets, overwritten with what is measured. */
  readonly values: Float32Array;
}

/** The C++ form of the technical noise. */
export interface TechnicalNoiseKernel {
  measure(batch: SheetBatch, threads: number): void;
}

/** The technical noise of the built native library, or undefined where that cannot be used. */
export const nativeTechnicalNoiseKernel = optionalKernel(bindTechnicalNoiseKernel);

function bindTechnicalNoiseKernel(library: LibraryHandle): TechnicalNoiseKernel {
  const measure = library.func(
    'int cp_sergio_measure(const int32_t* dims, const int32_t* integers, const double* numbers, const uint32_t* keys, float* values)',
  );
  return {
    measure({ integers, numbers, keys, values }, threads) {
      const dims = Int32Array.of(integers.length / 3, threads);
      const status: number = measure(dims, integers, numbers, keys, values);
      if (status !== 0)
        throw new CausalPilotError(
          'E_BACKEND',
          `technical noise: memory ran out for ${values.length} entries; measure fewer cells at a time`,
        );
    },
  };
}
