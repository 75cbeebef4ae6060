import * as tf from '@tensorflow/tfjs';
import { inverse, Matrix } from 'ml-matrix';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { sinkStatistics } from '../../../core/tensor/sink-statistics.js';
import { SINK_STATISTICS, type SinkStatisticsAttributes } from '../../../core/tensor/sink-statistics-contract.js';
import { maxDifference } from './encoder-fixture.js';
import { usableBackends } from './usable-backends.js';

const backends = await usableBackends(['cpu', 'wasm', 'native', 'cuda']);

const KNOWN: SinkStatisticsAttributes = { noiseVariance: 0.11, centred: false, scaleFree: false };
const SETTINGS: readonly SinkStatisticsAttributes[] = [KNOWN, { noiseVariance: 0.5, centred: true, scaleFree: true }];

interface Rows {
  readonly size: number;
  /** [n][d] */ readonly values: number[][];
  readonly targets: boolean[][];
}

function randomRows(name: string, { size, rows }: { size: number; rows: number }): Rows {
  const stream = new RandomStream(name);
  const targets = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: size }, () => row >= rows / 2 && stream.bernoulli(0.4)),
  );
  return { size, targets, values: targets.map((flags) => flags.map(() => stream.normal())) };
}

function toChannels(histories: readonly Rows[], rows: number): { channels: tf.Tensor4D; rowMask: tf.Tensor2D } {
  const size = histories[0]!.size;
  const padded = <T>(given: readonly T[], filler: T) => Array.from({ length: rows }, (_, row) => given[row] ?? filler);
  const channels = histories.map(({ values, targets }) =>
    padded(
      values.map((row, r) => row.map((value, i) => [value, targets[r]![i] ? 1 : 0])),
      Array.from({ length: size }, () => [0, 0]),
    ),
  );
  const rowMask = histories.map(({ values }) =>
    padded(
      values.map(() => 1),
      0,
    ),
  );
  return { channels: tf.tensor4d(channels), rowMask: tf.tensor2d(rowMask) };
}

const sum = (terms: readonly number[]) => terms.reduce((total, term) => total + term, 0);

/** The docstring's formulas for one pair, each regression solved on its own: [15]. */
function statisticsOf({ values, targets, size }: Rows, i: number, j: number, settings: SinkStatisticsAttributes) {
  const { noiseVariance: s, centred, scaleFree } = settings;
  const free = values.filter((_, row) => !targets[row]![j]);
  const moved = free.filter((row) => targets[values.indexOf(row)]![i]);
  const still = free.filter((row) => !targets[values.indexOf(row)]![i]);
  const [n, m] = [free.length, moved.length];
  const means = Array.from({ length: size }, (_, a) => (centred && n > 0 ? sum(free.map((row) => row[a]!)) / n : 0));
  const gram = (a: number, b: number) => sum(free.map((row) => (row[a]! - means[a]!) * (row[b]! - means[b]!)));
  const others = Array.from({ length: size }, (_, a) => a).filter((a) => a !== j);
  const ridge = (size - 1) * s;
  const ridgeOf = (parents: readonly number[]) => {
    const right = parents.map((a) => gram(a, j));
    const matrix = new Matrix(parents.map((a) => parents.map((b) => gram(a, b) + (a === b ? ridge : 0))));
    const inverted = parents.length === 0 ? matrix : inverse(matrix);
    const coefficients = parents.map((_, a) => sum(right.map((value, b) => inverted.get(a, b) * value)));
    const residual = gram(j, j) - sum(right.map((value, a) => value * coefficients[a]!));
    const determinant = logDeterminant(parents.map((a) => parents.map((b) => gram(a, b) / ridge + (a === b ? 1 : 0))));
    return { coefficients, inverted, residual, determinant };
  };
  const evidence = (residual: number, determinant: number) =>
    -0.5 * determinant - (scaleFree ? (n / 2) * Math.log(residual + s) : residual / (2 * s));
  const all = ridgeOf(others);
  const allBut = ridgeOf(others.filter((a) => a !== i));
  const at = others.indexOf(i);
  const error = Math.sqrt(((all.residual + s) / (n + 1)) * all.inverted.get(at, at));
  const alone = gram(j, j) - gram(i, j) ** 2 / (gram(i, i) + s);
  const logVariance = (squares: number) => Math.log((squares + s) / (n + 1));
  const mean = (rows: readonly number[][]) => sum(rows.map((row) => row[j]!)) / Math.max(1, rows.length);
  const movement = ((mean(moved) - mean(still)) * m) / (m + 1);
  const movementError = Math.sqrt(((gram(j, j) + s) / (n + 1)) * (1 / (m + 1) + 1 / (n - m + 1)));
  return [
    all.coefficients[at]!,
    error,
    Math.asinh(all.coefficients[at]! / error),
    logVariance(all.residual),
    logVariance(alone),
    logVariance(gram(j, j)),
    gram(i, j) / (gram(i, i) + s),
    Math.asinh(evidence(alone, Math.log(1 + gram(i, i) / s)) - evidence(gram(j, j), 0)),
    Math.asinh(evidence(all.residual, all.determinant) - evidence(allBut.residual, allBut.determinant)),
    Math.log1p(m) / 4,
    Math.log1p(n) / 4,
    Math.asinh(sum(moved.map((row) => row[i]! * row[j]!))),
    m === 0 ? 0 : movement,
    movementError,
    m === 0 ? 0 : Math.asinh(movement / movementError),
  ];
}

/** By Gaussian elimination without pivoting, of a positive definite matrix. */
function logDeterminant(matrix: number[][]): number {
  let total = 0;
  const rest = matrix.map((row) => [...row]);
  rest.forEach((pivotRow, k) => {
    total += Math.log(pivotRow[k]!);
    for (let r = k + 1; r < rest.length; r++) {
      const factor = rest[r]![k]! / pivotRow[k]!;
      rest[r] = rest[r]!.map((value, c) => value - factor * pivotRow[c]!);
    }
  });
  return total;
}

function expectedStatistics(rows: Rows, settings: SinkStatisticsAttributes): number[] {
  const { size } = rows;
  const zeros = Array.from({ length: SINK_STATISTICS }, () => 0);
  return Array.from({ length: size * size }, (_, pair) => {
    const [i, j] = [Math.floor(pair / size), pair % size];
    return i === j ? zeros : statisticsOf(rows, i, j, settings);
  }).flat();
}

describe.each(backends)('sinkStatistics on %s', (backend) => {
  beforeEach(async () => {
    await useBackend({ backend });
    tf.engine().startScope();
  });
  afterEach(() => tf.engine().endScope());

  test.each(SETTINGS)('is what its formulas say, padded rows left out, with %j', (settings) => {
    const histories = [randomRows('long', { size: 4, rows: 9 }), randomRows('short', { size: 4, rows: 5 })];
    const { channels, rowMask } = toChannels(histories, 9);
    const got = sinkStatistics(channels, rowMask, settings).dataSync<'float32'>();
    const wanted = histories.flatMap((rows) => expectedStatistics(rows, settings));
    expect(maxDifference(got, wanted)).toBeLessThan(2e-4);
  });

  test.each(SETTINGS)('its gradient is that of the formulas by central differences, with %j', (settings) => {
    const rows = randomRows('gradient', { size: 3, rows: 8 });
    const { channels } = toChannels([rows], 8);
    const stream = new RandomStream('cotangent');
    const cotangent = Array.from({ length: 9 * SINK_STATISTICS }, () => stream.normal());
    const weighted = (x: tf.Tensor) =>
      tf.sum(tf.mul(sinkStatistics(x as tf.Tensor4D, undefined, settings).flatten(), cotangent));
    const got = tf.grad(weighted)(channels).dataSync();
    const loss = () => sum(expectedStatistics(rows, settings).map((value, at) => value * cotangent[at]!));
    rows.values.forEach((row, r) => {
      row.forEach((value, i) => {
        const differences = [1e-5, -1e-5].map((step) => {
          row[i] = value + step;
          return loss();
        });
        row[i] = value;
        const wanted = (differences[0]! - differences[1]!) / 2e-5;
        expect(Math.abs(got[2 * (3 * r + i)]! - wanted) / (1 + Math.abs(wanted)), `row ${r}, ${i}`).toBeLessThan(5e-4);
      });
    });
    const ofFlags = got.filter((_, at) => at % 2 === 1);
    if (backend === 'native' || backend === 'cuda') expect(ofFlags.every((value) => value === 0)).toBe(true);
  });

  test.each(SETTINGS)('is finite without rows, with one variable, and its gradient too, with %j', (settings) => {
    for (const [rows, size] of [
      [1, 3],
      [2, 1],
    ] as const) {
      const mask = tf.zeros([1, rows]) as tf.Tensor2D;
      const channels = tf.zeros([1, rows, size, 2]) as tf.Tensor4D;
      const gradient = tf.grad((x: tf.Tensor) => tf.sum(sinkStatistics(x as tf.Tensor4D, mask, settings)))(channels);
      const values = [...sinkStatistics(channels, mask, settings).dataSync(), ...gradient.dataSync()];
      expect(values.every(Number.isFinite)).toBe(true);
    }
  });

  test('scale-free Bayes factors do not change when values and noise variance change their unit', () => {
    const { channels } = toChannels([randomRows('unit', { size: 4, rows: 12 })], 12);
    const settings = { noiseVariance: 0.5, centred: true, scaleFree: true };
    const factors = (x: tf.Tensor4D, noiseVariance: number) =>
      tf.slice(sinkStatistics(x, undefined, { ...settings, noiseVariance }), [0, 0, 0, 7], [1, 4, 4, 2]).dataSync();
    const scaled = tf.mul(channels, [3, 1]) as tf.Tensor4D;
    expect(maxDifference(factors(scaled, 4.5), factors(channels, 0.5))).toBeLessThan(5e-3);
  });
});

const fused = backends.filter((backend) => backend === 'native' || backend === 'cuda');

describe.runIf(fused.length === 2)('the fused kernels agree', () => {
  /** Statistics and the gradient of their weighted sum. */
  function results(rows: Rows, settings: SinkStatisticsAttributes): number[][] {
    return tf.tidy(() => {
      const { channels } = toChannels([rows], rows.values.length);
      const statistics = (x: tf.Tensor) => sinkStatistics(x as tf.Tensor4D, undefined, settings);
      const cotangent = tf.sin(tf.range(0, rows.size ** 2 * SINK_STATISTICS));
      const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(statistics(x).flatten(), cotangent)))(channels);
      return [[...statistics(channels).dataSync()], [...gradient.dataSync()]];
    });
  }

  test.each([
    ['beyond the shared memory of a block', { size: 60, rows: 12 }, 1],
    ['on values whose squares differ by ten orders of magnitude', { size: 20, rows: 30 }, 1e5],
  ])('%s', async (_, shape, largest) => {
    const rows = randomRows('agree', shape);
    for (const row of rows.values) for (let i = 0; i < row.length; i++) row[i]! *= largest ** (i / row.length);
    for (const settings of SETTINGS) {
      await useBackend({ backend: 'native' });
      const native = results(rows, settings);
      await useBackend({ backend: 'cuda' });
      results(rows, settings).forEach((cuda, result) => {
        const scale = Math.max(...native[result]!.map(Math.abs));
        expect(Number.isFinite(scale)).toBe(true);
        expect(maxDifference(cuda, native[result]!) / scale).toBeLessThan(1e-6);
      });
    }
  });
});

test('mistakes name the argument', () => {
  expect(() => sinkStatistics(tf.zeros([1, 2, 3, 1]), undefined, KNOWN)).toThrow(
    /'channels' must have shape \[any, any, any, 2\], got \[1, 2, 3, 1\]/,
  );
  expect(() => sinkStatistics(tf.zeros([1, 2, 3, 2]), tf.ones([1, 3]), KNOWN)).toThrow(/'rowMask'/);
  expect(() => sinkStatistics(tf.zeros([1, 2, 3, 2]), undefined, { ...KNOWN, noiseVariance: 0 })).toThrow(
    /'noiseVariance' must be positive, got 0/,
  );
});
