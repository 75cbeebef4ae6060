import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { DeviceDescription } from '../../../../core/cuda/device/device.js';
import {
  type EncoderSizes,
  encoderCall,
  fitsEncoderKernels,
  planEncoder,
  planWeightSums,
} from '../../../../core/cuda/ops/encoder-plan.js';
import { EncoderConfig } from '../../../../models/networks/encoder-config.js';

const device: DeviceDescription = {
  kind: 'gpu',
  name: 'card',
  capability: 90,
  driverVersion: '12.4',
  memoryBytes: 80e9,
  multiprocessors: 132,
  maxSharedBytes: 232448,
};

const paper: EncoderSizes = {
  batch: 4096,
  rows: 60,
  variables: 10,
  width: 32,
  attention: 32,
  heads: 8,
  hidden: 128,
  axis: 'rows',
};

describe('fitsEncoderKernels', () => {
  const folder = 'training/presets';
  const networks = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => {
      const preset = parse(readFileSync(join(folder, name), 'utf8')) as Record<string, Record<string, unknown>>;
      const configs = { policy: preset.policy, critic: preset.critic, posterior: preset.posterior?.network };
      return Object.entries(configs).flatMap(([part, config]) =>
        config === undefined ? [] : [{ name, part, config }],
      );
    });

  test.each(networks)('$part of $name runs fused', ({ config }) => {
    const known = Object.keys(EncoderConfig.shape);
    const own = Object.fromEntries(Object.entries(config as object).filter(([name]) => known.includes(name)));
    const { width, heads, keySize } = EncoderConfig.parse(own);
    const attention = heads * (keySize ?? width / heads);
    expect(fitsEncoderKernels({ width, attention, heads })).toBe(true);
  });

  test.each([
    ['wider than the kernels', { width: 128, attention: 32, heads: 8 }],
    ['an odd width', { width: 31, attention: 32, heads: 8 }],
    ['keys that are not of 4, 8 or 16', { width: 32, attention: 40, heads: 8 }],
    ['an attention width that is no multiple of 8', { width: 32, attention: 12, heads: 3 }],
  ])('%s does not', (_, sizes) => expect(fitsEncoderKernels(sizes)).toBe(false));
});

describe('planEncoder', () => {
  test('a long sequence has a block of its own, short ones share one', () => {
    expect(planEncoder(paper, false, device)).toMatchObject({ sequencesPerGroup: 1, blocks: 40960 });
    const short = planEncoder({ ...paper, axis: 'variables' }, false, device);
    expect(short).toMatchObject({ sequencesPerGroup: 6, blocks: 40960 });
  });

  test('the work area holds queries, keys and values of 64 tokens, in rows of 100 numbers', () => {
    expect(planEncoder(paper, false, device)).toMatchObject({ sharedBytes: 64 * 100 * 4, workNumbers: 0 });
  });

  test('what does not fit shared memory lies in device memory, one area per block that can run at once', () => {
    const plan = planEncoder({ ...paper, rows: 1000 }, true, device);
    expect(plan).toMatchObject({ sharedBytes: 0, blocks: 528, workNumbers: 528 * 1008 * (5 * 32 + 4 + 16) });
  });
});

test('sums of weight gradients take as many ranges on every device', () => {
  expect(planWeightSums(paper)).toEqual({
    // The projections and the first feed-forward matrix with a bias per row, the others with one per column.
    numbers: 96 * 33 + (32 * 32 + 32) + 128 * 33 + (128 * 32 + 32),
    ranges: 132,
    feedForwardBlocks: 4,
    projectionBlocks: 4,
  });
});

test('a call is laid out as the kernels read it', () => {
  const parts = {
    packed: 2 ** 40 + 256,
    rowMask: 512,
    rowOrder: 0,
    realRows: 0,
    dropoutKeys: 768,
    dropoutThreshold: 2 ** 31,
    dropoutRate: 0.5,
    dropoutBase: 2 ** 32 + 7,
  };
  const call = encoderCall(paper, planEncoder(paper, false, device), parts);
  expect([...new BigUint64Array(call.buffer, 0, 5)]).toEqual([2n ** 40n + 256n, 512n, 0n, 0n, 768n]);
  expect([...new Uint32Array(call.buffer, 40, 2)]).toEqual([2 ** 31, 7]);
  expect(new Float32Array(call.buffer, 48, 1)[0]).toBe(2);
  expect([...call.subarray(14)]).toEqual([4096, 60, 10, 32, 32, 8, 128, 1, 1, 1]);
});
