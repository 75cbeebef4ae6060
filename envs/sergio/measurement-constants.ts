import type { RandomStream } from '../../core/random/stream.js';
import type { MeasurementConstants, Platform, TechnicalEffect } from './platforms.js';
import {
  dropoutMidpoint,
  type ExpressionSheet,
  librarySizes,
  outlierFactors,
  outlierGenes,
} from './technical-noise.js';

/** The constants of a platform for a system, from unperturbed cells of it. */
export function measurementConstants(
  platform: Platform,
  effects: readonly TechnicalEffect[],
  { cells, stream }: { readonly cells: ExpressionSheet; readonly stream: RandomStream },
): MeasurementConstants {
  const factors = outlierFactors(cells.genes, platform.outliers, stream.child('outliers'));
  const scaled = effects.includes('outliers') ? outlierGenes(factors)(cells, stream) : cells;
  const meanTotal = scaled.values.reduce((total, value) => total + value, 0) / cells.cells;
  const sized = effects.includes('library-size')
    ? librarySizes({ ...platform.librarySize, meanTotal })(scaled, stream.child('library sizes'))
    : scaled;
  const { percentile } = platform.dropout;
  return { outlierFactors: factors, meanTotal, dropoutMidpoint: dropoutMidpoint(sized, percentile) };
}
