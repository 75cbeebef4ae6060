import {
  counts,
  type DropoutOptions,
  dropout,
  type LibrarySizeOptions,
  librarySizes,
  type OutlierOptions,
  outlierGenes,
  type TechnicalNoiseStep,
} from './technical-noise.js';

/** What a sequencing platform does to clean expression, in the order of `TECHNICAL_EFFECTS`. */
export interface Platform {
  readonly outliers: OutlierOptions;
  readonly librarySize: LibrarySizeOptions;
  readonly dropout: DropoutOptions;
}

/** Parameters of the SERGIO publication's platform presets. */
export const PLATFORMS = {
  '10x-chromium': {
    outliers: { probability: 0.01, logMean: 3, logStd: 1 },
    librarySize: { logMean: 6, logStd: 0.3 },
    dropout: { shape: 8, percentile: 74 },
  },
  'drop-seq': {
    outliers: { probability: 0.01, logMean: 3, logStd: 1 },
    librarySize: { logMean: 4.4, logStd: 0.8 },
    dropout: { shape: 8, percentile: 85 },
  },
  illumina: {
    outliers: { probability: 0.01, logMean: 0.8, logStd: 1 },
    librarySize: { logMean: 7, logStd: 0.4 },
    dropout: { shape: 8, percentile: 80 },
  },
  'smart-seq': {
    outliers: { probability: 0.01, logMean: 4.5, logStd: 1 },
    librarySize: { logMean: 10.8, logStd: 0.55 },
    dropout: { shape: 2, percentile: 92 },
  },
} as const satisfies Record<string, Platform>;

export type PlatformName = keyof typeof PLATFORMS;
export const PLATFORM_NAMES = Object.keys(PLATFORMS) as [PlatformName, ...PlatformName[]];

/** The effects of a measurement, in the order in which they happen. */
export const TECHNICAL_EFFECTS = ['outliers', 'library-size', 'dropout', 'counts'] as const;
export type TechnicalEffect = (typeof TECHNICAL_EFFECTS)[number];

/** What a platform does to every experiment on a system alike. */
export interface MeasurementConstants {
  /** [d] */
  readonly outlierFactors: Float32Array;
  /** Of an unperturbed cell before its library is sized. */
  readonly meanTotal: number;
  readonly dropoutMidpoint: number;
}

/**
 * The platform's steps, or those of them that are asked for; their order is always that of `TECHNICAL_EFFECTS`. Without
 * constants each sheet has its own, as published.
 */
export function platformSteps(
  platform: Platform,
  effects: readonly TechnicalEffect[] = TECHNICAL_EFFECTS,
  constants?: MeasurementConstants,
): TechnicalNoiseStep[] {
  const steps: Record<TechnicalEffect, TechnicalNoiseStep> = {
    outliers: outlierGenes(constants?.outlierFactors ?? platform.outliers),
    'library-size': librarySizes({ ...platform.librarySize, meanTotal: constants?.meanTotal }),
    dropout: dropout({ ...platform.dropout, midpoint: constants?.dropoutMidpoint }),
    counts: counts(),
  };
  return TECHNICAL_EFFECTS.filter((effect) => effects.includes(effect)).map((effect) => steps[effect]);
}
