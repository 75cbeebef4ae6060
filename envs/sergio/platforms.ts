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

/** What happens to a sheet, in the order of `TECHNICAL_EFFECTS`; undefined or false: it does not. */
export interface MeasurementEffects {
  readonly outliers?: OutlierOptions | Float32Array;
  readonly librarySize?: LibrarySizeOptions;
  readonly dropout?: DropoutOptions;
  readonly counts: boolean;
}

/** The platform's effects, or those of them that are asked for. Without constants each sheet has its own, as published. */
export function platformEffects(
  platform: Platform,
  effects: readonly TechnicalEffect[] = TECHNICAL_EFFECTS,
  constants?: MeasurementConstants,
): MeasurementEffects {
  const asked = <T>(effect: TechnicalEffect, options: T) => (effects.includes(effect) ? options : undefined);
  return {
    outliers: asked('outliers', constants?.outlierFactors ?? platform.outliers),
    librarySize: asked('library-size', { ...platform.librarySize, meanTotal: constants?.meanTotal }),
    dropout: asked('dropout', { ...platform.dropout, midpoint: constants?.dropoutMidpoint }),
    counts: effects.includes('counts'),
  };
}

/** The effects as steps, always in the order of `TECHNICAL_EFFECTS`. */
export function effectSteps(effects: MeasurementEffects): TechnicalNoiseStep[] {
  const { outliers, librarySize, dropout: lost, counts: counted } = effects;
  return [
    ...(outliers === undefined ? [] : [outlierGenes(outliers)]),
    ...(librarySize === undefined ? [] : [librarySizes(librarySize)]),
    ...(lost === undefined ? [] : [dropout(lost)]),
    ...(counted ? [counts()] : []),
  ];
}

/** The platform's steps, or those of them that are asked for. */
export function platformSteps(platform: Platform, effects?: readonly TechnicalEffect[]): TechnicalNoiseStep[] {
  return effectSteps(platformEffects(platform, effects));
}
