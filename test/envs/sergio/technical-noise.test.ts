import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import {
  PLATFORM_NAMES,
  PLATFORMS,
  platformSteps,
  TECHNICAL_EFFECTS,
  type TechnicalEffect,
} from '../../../envs/sergio/platforms.js';
import {
  applyTechnicalNoise,
  counts,
  dropout,
  type ExpressionSheet,
  librarySizes,
  outlierGenes,
  percentileOf,
} from '../../../envs/sergio/technical-noise.js';
import { deviation, mean } from './networks.js';

function cleanSheet(cells: number, genes: number): ExpressionSheet {
  const values = new RandomStream('clean').fillUniform(new Float32Array(cells * genes), 0.2, 8);
  return { cells, genes, values };
}

function rowSums({ cells, genes, values }: ExpressionSheet): Float32Array {
  return Float32Array.from({ length: cells }, (_, cell) =>
    values.subarray(cell * genes, (cell + 1) * genes).reduce((sum, value) => sum + value, 0),
  );
}

function zeroShare({ values }: ExpressionSheet): number {
  return mean(values.map((value) => (value === 0 ? 1 : 0)));
}

describe('outlierGenes', () => {
  test('scales whole genes by log-normal factors, at the given rate', () => {
    const sheet = cleanSheet(2, 20_000);
    const noisy = outlierGenes({ probability: 0.01, logMean: 3, logStd: 1 })(sheet, new RandomStream('outliers'));
    const factors = Float32Array.from({ length: 20_000 }, (_, gene) => noisy.values[gene]! / sheet.values[gene]!);
    factors.forEach((factor, gene) => {
      expect(noisy.values[20_000 + gene]! / sheet.values[20_000 + gene]!).toBeCloseTo(factor, factor > 100 ? 0 : 2);
    });
    const logs = factors.filter((factor) => factor !== 1).map(Math.log);
    expect(Math.abs(logs.length - 200)).toBeLessThan(4 * Math.sqrt(198));
    expect(Math.abs(mean(logs) - 3)).toBeLessThan(4 / Math.sqrt(200));
    expect(Math.abs(deviation(logs) - 1)).toBeLessThan(4 / Math.sqrt(400));
  });
});

describe('librarySizes', () => {
  test('makes totals log-normal and keeps the proportions of a cell', () => {
    const sheet = cleanSheet(5000, 10);
    const noisy = librarySizes({ logMean: 6, logStd: 0.3 })(sheet, new RandomStream('libraries'));
    const logs = rowSums(noisy).map(Math.log);
    expect(Math.abs(mean(logs) - 6)).toBeLessThan((4 * 0.3) / Math.sqrt(5000));
    expect(Math.abs(deviation(logs) - 0.3)).toBeLessThan((4 * 0.3) / Math.sqrt(10_000));
    expect(noisy.values[3]! / noisy.values[4]!).toBeCloseTo(sheet.values[3]! / sheet.values[4]!, 4);
  });

  test('leaves an empty cell empty', () => {
    const empty = { cells: 1, genes: 3, values: new Float32Array(3) };
    expect(librarySizes({ logMean: 6, logStd: 0.3 })(empty, new RandomStream('empty')).values).toEqual(empty.values);
  });
});

describe('dropout', () => {
  test.each([74, 85])('loses about %i %% of the entries, the low ones', (percentile) => {
    const sheet = cleanSheet(4000, 10);
    const noisy = dropout({ shape: 8, percentile })(sheet, new RandomStream('dropout'));
    expect(Math.abs(zeroShare(noisy) - percentile / 100)).toBeLessThan(0.05);
    expect(mean(sheet.values.filter((_, entry) => noisy.values[entry] === 0))).toBeLessThan(
      mean(sheet.values.filter((_, entry) => noisy.values[entry] !== 0)),
    );
  });

  test('keeps an entry with the logistic probability of its definition', () => {
    const values = new Float32Array(40_000).map((_, entry) => (entry % 2 === 0 ? 1 : 3));
    const noisy = dropout({ shape: 2, percentile: 50 })({ cells: 40_000, genes: 1, values }, new RandomStream('keep'));
    const midpoint = percentileOf(
      values.map((value) => Math.log1p(value)),
      50,
    );
    for (const [value, first] of [
      [1, 0],
      [3, 1],
    ] as const) {
      const kept = mean(noisy.values.filter((_, entry) => entry % 2 === first).map((x) => (x === 0 ? 0 : 1)));
      const wanted = 1 / (1 + Math.exp(-2 * (Math.log1p(value) - midpoint)));
      expect(Math.abs(kept - wanted)).toBeLessThan(4 * Math.sqrt(0.25 / 20_000));
    }
  });
});

test('counts are whole numbers, Poisson about the expression', () => {
  const values = new Float32Array(20_000).fill(7.5);
  const noisy = counts()({ cells: 20_000, genes: 1, values }, new RandomStream('counts')).values;
  expect(noisy.every(Number.isInteger)).toBe(true);
  expect(Math.abs(mean(noisy) - 7.5)).toBeLessThan(4 * Math.sqrt(7.5 / 20_000));
  expect(Math.abs(deviation(noisy) ** 2 / 7.5 - 1)).toBeLessThan(4 * Math.sqrt(2.2 / 20_000));
});

describe('platforms', () => {
  test.each(PLATFORM_NAMES)('%s: zeros and library sizes are those of its parameters', (name) => {
    const platform = PLATFORMS[name];
    const sheet = cleanSheet(2000, 40);
    const stream = () => new RandomStream(`platform/${name}`);
    const beforeDropout = applyTechnicalNoise(sheet, platformSteps(platform, ['outliers', 'library-size']), stream());
    expect(mean(rowSums(beforeDropout).map(Math.log))).toBeCloseTo(platform.librarySize.logMean, 1);
    const all = applyTechnicalNoise(sheet, platformSteps(platform), stream());
    const logs = beforeDropout.values.map((value) => Math.log1p(value));
    const { shape, percentile } = platform.dropout;
    const midpoint = percentileOf(logs, percentile);
    const lost = mean(logs.map((log) => 1 / (1 + Math.exp(shape * (log - midpoint)))));
    expect(Math.abs(zeroShare(all) - lost)).toBeLessThan(0.01);
    // The share is near the percentile itself where the logistic curve is steep.
    if (shape === 8) expect(Math.abs(zeroShare(all) - percentile / 100)).toBeLessThan(0.04);
    expect(all.values.every((value) => Number.isInteger(value) && value >= 0)).toBe(true);
  });

  test('the order of the effects is that of the measurement, however they are listed', () => {
    const sheet = cleanSheet(20, 10);
    const run = (effects: readonly TechnicalEffect[]) =>
      applyTechnicalNoise(sheet, platformSteps(PLATFORMS.illumina, effects), new RandomStream('order')).values;
    expect(run([...TECHNICAL_EFFECTS].reverse())).toEqual(run(TECHNICAL_EFFECTS));
    expect(run([])).toEqual(sheet.values);
  });

  test('a sheet given is never changed', () => {
    const sheet = cleanSheet(20, 10);
    const before = sheet.values.slice();
    applyTechnicalNoise(sheet, platformSteps(PLATFORMS['smart-seq']), new RandomStream('pure'));
    expect(sheet.values).toEqual(before);
  });
});

test('percentileOf interpolates between order statistics', () => {
  expect(percentileOf(Float32Array.of(4, 1, 3, 2), 50)).toBe(2.5);
  expect(percentileOf(Float32Array.of(1, 2, 3, 4, 5), 25)).toBe(2);
  expect(percentileOf(Float32Array.of(7), 90)).toBe(7);
  expect(percentileOf(Float32Array.of(1, 2), 100)).toBe(2);
});
