import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { ParameterSet } from '../../../core/tensor/parameters.js';
import { AlternatingEncoder, encoderDropoutKeys } from '../../../models/networks/encoder.js';
import { EncoderConfig } from '../../../models/networks/encoder-config.js';
import { packHistories, toHistoryBatch } from '../../../models/networks/history-batch.js';
import { randomHistory } from '../random-histories.js';

const config = EncoderConfig.parse({ width: 8, heads: 2, pairs: 2, dropout: 0.3 });
let encoder: AlternatingEncoder;

beforeAll(async () => {
  await useBackend();
  encoder = new AlternatingEncoder(
    { parameters: new ParameterSet(), prefix: 'encoder', stream: new RandomStream('encoder') },
    config,
  );
});

function encode(training?: Parameters<AlternatingEncoder['encode']>[1]): Float32Array {
  const stream = new RandomStream('histories');
  const histories = [5, 3].map((rows) => randomHistory(4, rows, stream));
  return tf.tidy(() => encoder.encode(toHistoryBatch(packHistories(histories)), training).dataSync<'float32'>());
}

describe('AlternatingEncoder', () => {
  test('draws the same masks from a seed and from its keys', () => {
    const keys = (seed: number) => tf.tensor1d(encoderDropoutKeys(config, seed), 'int32');
    const wanted = encode({ dropoutSeed: 4_000_000_000 });
    expect(encode({ dropoutKeys: keys(4_000_000_000) })).toEqual(wanted);
    expect(encode({ dropoutKeys: keys(4_000_000_001) })).not.toEqual(wanted);
    expect(encode()).not.toEqual(wanted);
  });

  test('every layer and branch has a key of its own', () => {
    const keys = encoderDropoutKeys(config, 3);
    expect(keys.length).toBe(2 * 2 * config.pairs);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
