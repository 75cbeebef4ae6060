import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { History } from '../../../core/causal/history.js';
import { doIntervention, observe } from '../../../core/causal/intervention.js';
import type { DatasetBatch } from '../../../envs/simulation/simulate-datasets.js';
import {
  fromDatasets,
  type HistoryArrays,
  historyInputs,
  packHistories,
  standardizeCounts,
  standardizeValues,
  toHistoryBatch,
} from '../../../models/networks/history-batch.js';

// Two variables, and rows that differ in number from both variables and histories: no two axes have one length.
const long = new History(2);
long.append(Float32Array.of(1, 10), observe(2));
long.append(Float32Array.of(2, 20), doIntervention(2, { 1: 20 }));
long.append(Float32Array.of(6, 60), doIntervention(2, { 0: 6 }));
const short = new History(2);
short.append(Float32Array.of(-5, 7), observe(2));

/** Values [n][d] of one history of a batch. */
function valuesOf({ rows, size, channels }: HistoryArrays, b: number): number[][] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: size }, (_, variable) => channels[2 * ((b * rows + row) * size + variable)]!),
  );
}

function expectClose(got: readonly number[][], wanted: readonly number[][]): void {
  expect(got.map(({ length }) => length)).toEqual(wanted.map(({ length }) => length));
  got.flat().forEach((value, at) => {
    expect(value).toBeCloseTo(wanted.flat()[at]!, 5);
  });
}

beforeAll(async () => {
  await useBackend({ threads: 1 });
});

describe('packHistories', () => {
  test('is [history, row, variable, (value, flag)], padded with zeros that the mask marks', () => {
    const packed = packHistories([short, long]);
    expect(packed).toMatchObject({ batch: 2, rows: 3, size: 2 });
    // biome-ignore format: one row of a history a line
    expect([...packed.channels]).toEqual([
      -5, 0, 7, 0,
      0, 0, 0, 0,
      0, 0, 0, 0,
      1, 0, 10, 0,
      2, 0, 20, 1,
      6, 1, 60, 0,
    ]);
    expect([...packed.rowMask]).toEqual([1, 0, 0, 1, 1, 1]);
  });

  test('without any rows there is one of padding', () => {
    const packed = packHistories([new History(2), new History(2)]);
    expect(packed).toMatchObject({ batch: 2, rows: 1 });
    expect([...packed.channels]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...packed.rowMask]).toEqual([0, 0]);
  });

  test('refuses none, and histories of different sizes', () => {
    expect(() => packHistories([])).toThrow('at least one history is needed, got 0');
    expect(() => packHistories([long, new History(3)])).toThrow('history 1 has 3 variables where the first has 2');
  });
});

describe('fromDatasets', () => {
  const datasets = (rows: number): DatasetBatch => ({
    count: 2,
    rows,
    size: 3,
    values: Float32Array.from({ length: 2 * rows * 3 * 2 }, (_, i) => i),
    rowMask: new Float32Array(2 * rows).fill(1),
    graphs: new Uint8Array(18),
  });

  test('shares the arrays', () => {
    const given = datasets(4);
    const packed = fromDatasets(given);
    expect(packed).toMatchObject({ batch: 2, rows: 4, size: 3 });
    expect(packed.channels).toBe(given.values);
    expect(packed.rowMask).toBe(given.rowMask);
  });

  test('without any rows there is one of padding', () => {
    const packed = fromDatasets(datasets(0));
    expect(packed).toMatchObject({ batch: 2, rows: 1, size: 3 });
    expect(packed.channels).toHaveLength(12);
    expect([...packed.rowMask]).toEqual([0, 0]);
  });
});

describe('on the backend', () => {
  test('shape and entries are those of the arrays; a mask is there only where rows are padding', () => {
    const packed = packHistories([short, long]);
    const { channels, rowMask } = toHistoryBatch(packed);
    expect(channels.shape).toEqual([2, 3, 2, 2]);
    expect([...channels.dataSync()]).toEqual([...packed.channels]);
    expect(rowMask!.arraySync()).toEqual([
      [1, 0, 0],
      [1, 1, 1],
    ]);
    expect(toHistoryBatch(packHistories([long, long])).rowMask).toBeUndefined();
    expect(historyInputs(packHistories([long])).rowMask).toBeUndefined();
    tf.dispose([channels, rowMask!]);
  });
});

describe('standardizeValues', () => {
  test('every variable of every history has mean 0 and deviation 1 over its own measured rows; flags stay', () => {
    const packed = packHistories([short, long]);
    const flags = packed.channels.filter((_, at) => at % 2 === 1);
    standardizeValues(packed);
    // (1, 2, 6): mean 3, variance (4 + 1 + 9) / 3.
    const deviation = Math.sqrt(14 / 3);
    const column = [-2, -1, 3].map((value) => value / deviation);
    expectClose(
      valuesOf(packed, 1),
      column.map((value) => [value, value]),
    );
    // One row has no spread, and padding stays 0.
    expectClose(valuesOf(packed, 0), [
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect([...packed.channels.filter((_, at) => at % 2 === 1)]).toEqual([...flags]);
  });

  test('padding changes nothing of a history', () => {
    const [alone, beside] = [packHistories([long]), packHistories([long, longer()])];
    standardizeValues(alone);
    standardizeValues(beside);
    expect(valuesOf(beside, 0).slice(0, 3)).toEqual(valuesOf(alone, 0));
    expect(valuesOf(beside, 0)[3]).toEqual([0, 0]);
  });
});

describe('standardizeCounts', () => {
  test('is log2 of counts per million of a row, from the smallest one, over the deviation of the non-zero entries', () => {
    const history = new History(3);
    history.append(Float32Array.of(1, 3, 0), observe(3));
    history.append(Float32Array.of(0, 8, 8), doIntervention(3, { 0: 0 }));
    const packed = packHistories([history]);
    standardizeCounts(packed);
    // Shares of their rows: 1/4, 3/4 and 1/2, 1/2; logarithms from that of 1/4: 0, log2 3, 1, 1.
    const logs = [0, Math.log2(3), 1, 1];
    const mean = logs.reduce((sum, log) => sum + log / 4, 0);
    const deviation = Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2 / 4, 0));
    expectClose(valuesOf(packed, 0), [
      [0, logs[1]! / deviation, 0],
      [0, 1 / deviation, 1 / deviation],
    ]);
    expect(packed.channels[7]).toBe(1);
  });

  test('the depth of a cell does not count, another history does not either, and equal counts stay finite', () => {
    const counts = (...rows: number[][]) => {
      const history = new History(2);
      for (const row of rows) history.append(Float32Array.from(row), observe(2));
      return history;
    };
    const packed = packHistories([
      counts([1, 3], [2, 2]),
      counts([10, 30], [200, 200]),
      counts([5, 5]),
      counts([0, 0]),
    ]);
    standardizeCounts(packed);
    expectClose(valuesOf(packed, 1), valuesOf(packed, 0));
    expect(packed.channels.every(Number.isFinite)).toBe(true);
    expect(valuesOf(packed, 2)[0]).toEqual([0, 0]);
    expect(valuesOf(packed, 3)).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
});

/** One more row than `long`. */
function longer(): History {
  const history = new History(2);
  for (let row = 0; row < 4; row++) history.append(Float32Array.of(row * row, -row), observe(2));
  return history;
}
