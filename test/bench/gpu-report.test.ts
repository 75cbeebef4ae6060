import { describe, expect, test } from 'vitest';
import { peakOf } from '../../bench/gpu/card.js';
import { formatReport, type GpuReport } from '../../bench/gpu/report.js';

const report: GpuReport = {
  card: {
    kind: 'gpu',
    name: 'NVIDIA H100 80GB HBM3',
    capability: 90,
    driverVersion: '12.4',
    memoryBytes: 80e9,
    multiprocessors: 132,
    maxSharedBytes: 232448,
    kernels: 'shipped PTX',
    copyBytesPerSecond: 2.9e12,
    peak: peakOf('NVIDIA H100 80GB HBM3'),
  },
  agreement: [
    {
      name: 'layer norm',
      precision: 'tf32',
      difference: 0.5,
      allowed: 0.01,
      repeats: true,
      agrees: false,
      hostKernels: { Sum: 2 },
    },
  ],
  timings: [
    {
      name: 'encoder forward',
      batch: 100,
      medianSeconds: 0.01,
      fastestSeconds: 0.009,
      runs: 5,
      heldBytes: 2 ** 30,
      operationsPerSecond: 49.4e12,
      bytesPerSecond: 0.67e12,
    },
  ],
  torch: [
    { name: 'encoder forward', compiled: false, batch: 50, medianSeconds: 0.02, peakBytes: 2 ** 31, version: '2.5' },
    { name: 'encoder forward', compiled: true, reason: 'ended after 100 s' },
  ],
  profiles: { 'encoder forward': [{ kernel: 'encoder_forward_32', launches: 8, seconds: 0.004 }] },
  problems: ['posterior: no'],
};

describe('formatReport', () => {
  const text = formatReport(report);

  test('gives shares of the peaks of the card', () => {
    expect(text).toMatch(/10\.0 % of the matrix peak, 20\.0 % of the bandwidth/);
  });

  test('compares times per history, since torch may have had a smaller batch', () => {
    expect(text).toMatch(/torch 2\.5 eager, batch 50: 20\.00 ms, 2\.00 GiB; 4\.00 times ours per history/);
    expect(text).toMatch(/torch compiled: ended after 100 s/);
  });

  test('names what differs, what ran on the host and what went wrong', () => {
    expect(text).toMatch(/DIFFERS layer norm \(tf32\): 5\.0e-1 of at most 1e-2, on the host: \{"Sum":2\}/);
    expect(text).toMatch(/100\.0 % encoder_forward_32: 4\.00 ms in 8/);
    expect(text).toMatch(/PROBLEM posterior: no/);
  });
});

test('cards are told apart by name; unknown ones have no peak', () => {
  expect(peakOf('NVIDIA H200')?.bytesPerSecond).toBe(4.8e12);
  expect(peakOf('NVIDIA H100 PCIe')?.bytesPerSecond).toBe(2e12);
  expect(peakOf('software device')).toBeUndefined();
});
