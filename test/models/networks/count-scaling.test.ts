import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { History } from '../../../core/causal/history.js';
import { observe } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import { scaledBatch } from '../../../models/networks/count-scaling.js';
import { packHistories, standardizeCounts, toHistoryBatch } from '../../../models/networks/history-batch.js';

/** Counts with many zeros, the first `emptyRows` rows without any. */
function countHistory(rows: number, name: string, emptyRows = 0): History {
  const stream = new RandomStream(`test/count-scaling/${name}`);
  const history = new History(4);
  const counts = Float32Array.from({ length: 4 * rows }, (_, entry) =>
    entry < 4 * emptyRows || stream.bernoulli(0.5) ? 0 : 1 + stream.integer(300),
  );
  history.append(counts, observe(4));
  return history;
}

describe('scaledBatch', () => {
  test('gives what the graph posterior reads, padded and empty rows included', () => {
    const histories = [countHistory(6, 'a'), countHistory(3, 'b', 1), countHistory(2, 'c', 2)];
    const expected = packHistories(histories);
    standardizeCounts(expected);
    const scaled = tf.tidy(() =>
      scaledBatch(toHistoryBatch(packHistories(histories)), 'log2-counts-per-million').channels.dataSync(),
    );
    expect(scaled).toHaveLength(expected.channels.length);
    scaled.forEach((value, entry) => {
      expect(value).toBeCloseTo(expected.channels[entry]!, 4);
    });
    expect(scaled.some((value) => value > 0)).toBe(true);
  });

  test('leaves values alone unless asked, and leaks no tensors', () => {
    const batch = toHistoryBatch(packHistories([countHistory(3, 'd')]));
    expect(scaledBatch(batch, 'keep')).toBe(batch);
    const before = tf.memory().numTensors;
    scaledBatch(batch, 'log2-counts-per-million').channels.dispose();
    expect(tf.memory().numTensors).toBe(before);
    batch.channels.dispose();
  });
});
