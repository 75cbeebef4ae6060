import type { LibraryHandle } from 'koffi';
import { CausalPilotError } from '../../errors.js';
import { optionalKernel } from '../device/optional-kernel.js';

// Shapes: K systems, d genes, C paths, n cells per path, H phases, E edges of all systems together.

/** Systems of one shape simulated in one call; the arrays are read in place. */
export interface SergioBatch {
  readonly systems: number;
  readonly genes: number;
  readonly paths: number;
  readonly cellsPerPath: number;
  /** Cells are read at uniformly random ones of the last states of a path, this many. */
  readonly window: number;
  /** Whether paths start scattered about the steady state, or at the one that the regulators' means imply. */
  readonly scattered: boolean;
  readonly timeStep: number;
  readonly noiseAmplitude: number;
  /** Whether the noise's variance P has lambda x added, and beside it 2 sqrt(P lambda x). */
  readonly noise: { readonly ofDecay: boolean; readonly joint: boolean };
  /** [H]: how many steps of length `timeStep` one of the phase stands for; 1: those steps themselves. */
  readonly substeps: Int32Array;
  /** [K, H] */
  readonly phaseSteps: Int32Array;
  /** [K, d]: 0 for genes without regulators, otherwise above the levels of all regulators. */
  readonly levels: Int32Array;
  /** [K * d + 1]: the regulators of gene j of system k are at `offsets[k * d + j] .. offsets[k * d + j + 1]`. */
  readonly offsets: Int32Array;
  /** [E] */
  readonly regulators: Int32Array;
  /** [E] */
  readonly strengths: Float32Array;
  /** [E]: negative where it is the mean of the regulator's cells in this call. */
  readonly halfResponses: Float32Array;
  /** [E] */
  readonly hillCoefficients: Float32Array;
  /** [K, d, C] */
  readonly basalRates: Float32Array;
  /** [K, d] */
  readonly decays: Float32Array;
  /** [K, d] */
  readonly productionFactors: Float32Array;
  /** [K, 2] */
  readonly keys: Uint32Array;
}

/** The C++ simulation of gene networks. */
export interface SergioKernel {
  /** Clean expression [K, C * n, d]; the number of threads changes the time only. */
  simulate(batch: SergioBatch, threads: number): Float32Array;
  /** Threefry-2x32-20 of one counter, two 32-bit words: lets a test compare the generators. */
  threefry(key: Uint32Array, counter0: number, counter1: number): Uint32Array;
}

/** The simulation of the built native library, or undefined where that cannot be used. */
export const nativeSergioKernel = optionalKernel(bindSergioKernel);

/** Finds the simulation in a loaded native library. */
function bindSergioKernel(library: LibraryHandle): SergioKernel {
  const simulate = library.func(
    'int cp_sergio_simulate(const int32_t* dims, const float* constants, const int32_t* substeps, const int32_t* phaseSteps, const int32_t* levels, const int32_t* offsets, const int32_t* regulators, const float* strengths, const float* halfResponses, const float* hillCoefficients, const float* basalRates, const float* decays, const float* factors, const uint32_t* keys, float* cells)',
  );
  const threefry = library.func('void cp_threefry(uint32_t* words)');
  return {
    simulate(batch, threads) {
      const { systems, genes, paths, cellsPerPath, window, substeps } = batch;
      const cells = new Float32Array(systems * paths * cellsPerPath * genes);
      const scattered = batch.scattered ? 1 : 0;
      const noise = [batch.noise.ofDecay, batch.noise.joint].map(Number);
      const status: number = simulate(
        Int32Array.of(systems, genes, paths, cellsPerPath, window, scattered, substeps.length, threads, ...noise),
        Float32Array.of(batch.timeStep, batch.noiseAmplitude),
        substeps,
        batch.phaseSteps,
        batch.levels,
        batch.offsets,
        batch.regulators,
        batch.strengths,
        batch.halfResponses,
        batch.hillCoefficients,
        batch.basalRates,
        batch.decays,
        batch.productionFactors,
        batch.keys,
        cells,
      );
      if (status !== 0)
        throw new CausalPilotError(
          'E_BACKEND',
          `SERGIO simulation: memory ran out for ${systems} systems of ${genes} genes; simulate fewer systems or cells at a time`,
        );
      return cells;
    },
    threefry(key, counter0, counter1) {
      const words = Uint32Array.of(key[0]!, key[1]!, counter0, counter1);
      threefry(words);
      return words.slice(2);
    },
  };
}
