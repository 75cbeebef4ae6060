import {
  nativeTechnicalNoiseKernel,
  SHEET_EFFECTS,
  type TechnicalNoiseKernel,
} from '../../core/native/ops/technical-noise.js';
import type { RandomStream } from '../../core/random/stream.js';
import { drawKey } from './counter-random.js';
import { effectSteps, type MeasurementEffects } from './platforms.js';
import { applyTechnicalNoise, type ExpressionSheet, outlierGenes } from './technical-noise.js';

// Shapes: R cells, d genes.

/** Clean cells and what happens to them. */
export interface SheetToMeasure {
  readonly sheet: ExpressionSheet;
  readonly effects: MeasurementEffects;
  readonly stream: RandomStream;
}

export interface MeasureOptions {
  /** The native form, or undefined for the steps in TypeScript. @defaultValue the one of the built library */
  readonly kernel?: TechnicalNoiseKernel | undefined;
  /** Threads of the native form; the result does not depend on it. @defaultValue 1 */
  readonly threads?: number;
}

/**
 * What is measured of every sheet, [R, d] each. Kernel and steps use the same random numbers: they give the same counts but
 * where a rounding of the last bit decides.
 */
export function measureSheets(sheets: readonly SheetToMeasure[], options: MeasureOptions = {}): Float32Array[] {
  const { kernel = 'kernel' in options ? undefined : nativeTechnicalNoiseKernel(), threads = 1 } = options;
  if (kernel === undefined)
    return sheets.map(({ sheet, effects, stream }) => applyTechnicalNoise(sheet, effectSteps(effects), stream).values);
  const values = new Float32Array(sheets.reduce((total, { sheet }) => total + sheet.values.length, 0));
  const integers = new Int32Array(3 * sheets.length);
  const numbers = new Float64Array(6 * sheets.length);
  const keys = new Uint32Array(6 * sheets.length);
  const parts: Float32Array[] = [];
  let start = 0;
  sheets.forEach(({ sheet, effects, stream }, index) => {
    const scaled = effects.outliers === undefined ? sheet : outlierGenes(effects.outliers)(sheet, stream);
    values.set(scaled.values, start);
    parts.push(values.subarray(start, start + sheet.values.length));
    start += sheet.values.length;
    integers.set([bitsOf(effects), sheet.cells, sheet.genes], 3 * index);
    numbers.set(numbersOf(effects), 6 * index);
    keys.set(keysOf(effects, stream), 6 * index);
  });
  kernel.measure({ integers, numbers, keys, values }, threads);
  return parts;
}

function bitsOf({ librarySize, dropout, counts }: MeasurementEffects): number {
  return (
    (librarySize === undefined ? 0 : SHEET_EFFECTS.librarySize) |
    (dropout === undefined ? 0 : SHEET_EFFECTS.dropout) |
    (dropout !== undefined && dropout.midpoint === undefined ? SHEET_EFFECTS.ownMidpoint : 0) |
    (counts ? SHEET_EFFECTS.counts : 0)
  );
}

function numbersOf({ librarySize, dropout }: MeasurementEffects): number[] {
  return [
    ...[librarySize?.logMean ?? 0, librarySize?.logStd ?? 0, librarySize?.meanTotal ?? 0],
    ...[dropout?.shape ?? 0, dropout?.percentile ?? 0, dropout?.midpoint ?? 0],
  ];
}

/** In the order in which the steps draw them. */
function keysOf({ librarySize, dropout, counts }: MeasurementEffects, stream: RandomStream): Uint32Array {
  const keys = new Uint32Array(6);
  [librarySize !== undefined, dropout !== undefined, counts].forEach((takesPlace, effect) => {
    if (takesPlace) keys.set(drawKey(stream), 2 * effect);
  });
  return keys;
}
