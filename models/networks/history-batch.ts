import * as tf from '@tensorflow/tfjs';
import { HISTORY_CHANNELS, type History } from '../../core/causal/history.js';
import { CausalPilotError } from '../../core/errors.js';
import type { StepInput } from '../../core/tensor/captured-step.js';
import type { DatasetBatch } from '../../envs/simulation/simulate-datasets.js';

// Shapes: B histories, n rows (the longest history, at least 1), d variables.

/** Standard deviations of logarithms of counts below this are rounding of equal ones. */
export const EQUAL_LOGS = 1e-5;

/** Histories of one size padded to a common number of rows, as typed arrays. */
export interface HistoryArrays {
  readonly batch: number;
  readonly rows: number;
  readonly size: number;
  /** [B, n, d, 2]: value and target flag; 0 in padded rows. */
  readonly channels: Float32Array;
  /** [B, n]: 1 for a measured row, 0 for padding. */
  readonly rowMask: Float32Array;
}

/** The same on the active backend. `rowMask` is left out where no row is padding. */
export interface HistoryBatch {
  readonly channels: tf.Tensor4D;
  readonly rowMask: tf.Tensor2D | undefined;
}

/**
 * Pads histories to the longest one; a batch without any rows gets one padded row, so that no axis is empty.
 *
 * @throws CausalPilotError E_SHAPE if the histories differ in their number of variables or none is given.
 */
export function packHistories(histories: readonly History[]): HistoryArrays {
  const first = histories[0];
  if (first === undefined)
    throw new CausalPilotError('E_SHAPE', 'packHistories: at least one history is needed, got 0');
  const { size } = first;
  const rows = Math.max(1, ...histories.map((history) => history.rows));
  const stride = rows * size * HISTORY_CHANNELS;
  const channels = new Float32Array(histories.length * stride);
  const rowMask = new Float32Array(histories.length * rows);
  histories.forEach((history, index) => {
    if (history.size !== size)
      throw new CausalPilotError(
        'E_SHAPE',
        `packHistories: history ${index} has ${history.size} variables where the first has ${size}; batch systems of equal size`,
      );
    history.writeChannels(channels, index * stride);
    rowMask.fill(1, index * rows, index * rows + history.rows);
  });
  return { batch: histories.length, rows, size, channels, rowMask };
}

/** Simulated datasets, already padded, as packed histories (the arrays are shared, not copied). */
export function fromDatasets(datasets: DatasetBatch): HistoryArrays {
  const { count, rows, size, values, rowMask } = datasets;
  if (rows > 0) return { batch: count, rows, size, channels: values, rowMask };
  const channels = new Float32Array(count * size * HISTORY_CHANNELS);
  return { batch: count, rows: 1, size, channels, rowMask: new Float32Array(count) };
}

/** The same as inputs of a recorded step; `rowMask` is left out where no row is padding. */
export function historyInputs({ batch, rows, size, channels, rowMask }: HistoryArrays): {
  channels: StepInput;
  rowMask: StepInput | undefined;
} {
  return {
    channels: { shape: [batch, rows, size, HISTORY_CHANNELS], values: channels },
    rowMask: rowMask.includes(0) ? { shape: [batch, rows], values: rowMask } : undefined,
  };
}

/** Uploads packed histories; the caller disposes the tensors (or calls inside `tf.tidy`). */
export function toHistoryBatch(arrays: HistoryArrays): HistoryBatch {
  const { channels, rowMask } = historyInputs(arrays);
  const upload = ({ values, shape }: StepInput) => tf.tensor(values, [...shape]);
  return {
    channels: upload(channels) as tf.Tensor4D,
    rowMask: rowMask && (upload(rowMask) as tf.Tensor2D),
  };
}

/**
 * z-standardises each variable of each history over its measured rows, in place; the flags stay. A variable without
 * spread (one row, or constant) becomes 0. As in AVICI (arXiv:2205.12934), interventional rows are included.
 */
export function standardizeValues({ batch, rows, size, channels, rowMask }: HistoryArrays): void {
  for (let b = 0; b < batch; b++) {
    for (let variable = 0; variable < size; variable++) {
      let count = 0;
      let sum = 0;
      for (let row = 0; row < rows; row++) {
        if (rowMask[b * rows + row] === 0) continue;
        count++;
        sum += channels[HISTORY_CHANNELS * ((b * rows + row) * size + variable)]!;
      }
      const mean = count === 0 ? 0 : sum / count;
      let squares = 0;
      for (let row = 0; row < rows; row++) {
        if (rowMask[b * rows + row] === 0) continue;
        squares += (channels[HISTORY_CHANNELS * ((b * rows + row) * size + variable)]! - mean) ** 2;
      }
      const deviation = count === 0 ? 0 : Math.sqrt(squares / count);
      for (let row = 0; row < rows; row++) {
        if (rowMask[b * rows + row] === 0) continue;
        const at = HISTORY_CHANNELS * ((b * rows + row) * size + variable);
        channels[at] = deviation > 0 ? (channels[at]! - mean) / deviation : 0;
      }
    }
  }
}

/**
 * Count scaling of AVICI: log2 of counts per million within each row with zeros left out, minus the history's
 * smallest, divided by the history's standard deviation over the non-zero entries; zeros stay 0. In place.
 */
export function standardizeCounts({ batch, rows, size, channels, rowMask }: HistoryArrays): void {
  const perHistory = rows * size;
  for (let b = 0; b < batch; b++) {
    const logs: number[] = [];
    for (let row = 0; row < rows; row++) {
      if (rowMask[b * rows + row] === 0) continue;
      let library = 0;
      const start = b * perHistory + row * size;
      for (let variable = 0; variable < size; variable++) library += channels[HISTORY_CHANNELS * (start + variable)]!;
      for (let variable = 0; variable < size; variable++) {
        const at = HISTORY_CHANNELS * (start + variable);
        if (channels[at] === 0) continue;
        channels[at] = Math.log2((1e6 * channels[at]!) / library);
        logs.push(channels[at]!);
      }
    }
    rescaleNonZero(channels.subarray(b * perHistory * HISTORY_CHANNELS, (b + 1) * perHistory * HISTORY_CHANNELS), logs);
  }
}

function rescaleNonZero(channels: Float32Array, logs: readonly number[]): void {
  if (logs.length === 0) return;
  const minimum = logs.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const mean = logs.reduce((total, value) => total + value, 0) / logs.length;
  const spread = Math.sqrt(logs.reduce((total, value) => total + (value - mean) ** 2, 0) / logs.length);
  const deviation = spread > EQUAL_LOGS ? spread : 1;
  for (let at = 0; at < channels.length; at += HISTORY_CHANNELS)
    if (channels[at] !== 0) channels[at] = (channels[at]! - minimum) / deviation;
}
