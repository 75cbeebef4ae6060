import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { packHistories, toHistoryBatch } from '../../../models/networks/history-batch.js';
import { PAIR_STATISTICS, pairStatistics } from '../../../models/networks/pair-statistics.js';
import { permuteHistory, randomHistory } from '../random-histories.js';

beforeAll(async () => {
  await useBackend();
});

function statisticsOf(histories: Parameters<typeof packHistories>[0]): Float32Array {
  return tf.tidy(() =>
    pairStatistics(toHistoryBatch(packHistories(histories)))
      .dataSync<'float32'>()
      .slice(),
  );
}

/** The docstring's formulas, row by row in double precision. */
function expectedStatistics(values: Float32Array, flags: Uint8Array, d: number): number[] {
  const rows = values.length / d;
  const result: number[] = [];
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) {
      const of = (row: number, variable: number) => values[row * d + variable]!;
      const isTarget = (row: number, variable: number) => flags[row * d + variable] === 1;
      const all = Array.from({ length: rows }, (_, row) => row).filter((row) => !isTarget(row, j));
      const free = all.filter((row) => !isTarget(row, i));
      const moved = all.filter((row) => isTarget(row, i));
      const sum = (over: readonly number[], term: (row: number) => number) =>
        over.reduce((total, row) => total + term(row), 0);
      const product = (row: number) => of(row, i) * of(row, j);
      const [n, m] = [free.length, moved.length];
      const [meanI, meanJ] = [i, j].map((variable) => sum(free, (row) => of(row, variable)) / (n + 1)) as [
        number,
        number,
      ];
      const energy = sum(moved, (row) => of(row, i) ** 2);
      const response = sum(moved, product);
      const movement = sum(moved, (row) => of(row, j) - meanJ);
      result.push(
        sum(free, product) / (n + 1) - meanI * meanJ,
        response / (energy + 0.1),
        response / Math.sqrt(energy + 1),
        (sum(free, product) + response) / (all.length + 1),
        movement / (m + 1),
        movement / Math.sqrt(m + 1),
        Math.log1p(energy),
        Math.log1p(n) / 4,
        Math.log1p(m) / 4,
      );
    }
  return result;
}

describe('pairStatistics', () => {
  test('is what its formulas say, padded rows left out', () => {
    const histories = [7, 3].map((rows) => randomHistory(4, rows, new RandomStream(`statistics/${rows}`)));
    const got = statisticsOf(histories);
    const perHistory = 16 * PAIR_STATISTICS;
    histories.forEach((history, k) => {
      const wanted = expectedStatistics(history.values, history.targets, 4);
      wanted.forEach((value, at) => {
        expect(got[k * perHistory + at]).toBeCloseTo(value, 4);
      });
    });
  });

  test('relabelling the variables relabels both axes; the order of rows does not matter', () => {
    const [d, n] = [5, 6];
    const stream = new RandomStream('statistics/permutation');
    const history = randomHistory(d, n, stream);
    const variables = stream.permutation(d);
    const original = statisticsOf([history]);
    const relabelled = statisticsOf([permuteHistory(history, variables, stream.permutation(n))]);
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++)
        for (let c = 0; c < PAIR_STATISTICS; c++)
          expect(relabelled[(i * d + j) * PAIR_STATISTICS + c]).toBeCloseTo(
            original[(variables[i]! * d + variables[j]!) * PAIR_STATISTICS + c]!,
            4,
          );
  });

  test('its gradient is finite where nothing was measured or moved', () => {
    const channels = tf.zeros([1, 2, 3, 2]) as tf.Tensor4D;
    const rowMask = tf.tensor2d([[1, 0]]);
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(pairStatistics({ channels: x as tf.Tensor4D, rowMask })))(
      channels,
    );
    expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
    tf.dispose([channels, rowMask, gradient]);
  });
});
