import type { CudaBackend } from '../../core/cuda/backend/cuda-backend.js';

/** What a card can do at most, by its data sheet. */
export interface Peak {
  readonly bytesPerSecond: number;
  /** Products of tf32 numbers without sparsity. */
  readonly matrixOperationsPerSecond: number;
}

/** Data sheet numbers of cards by what their names contain; the first that fits counts. */
const PEAKS: readonly (readonly [string, Peak])[] = [
  ['H200', { bytesPerSecond: 4.8e12, matrixOperationsPerSecond: 494e12 }],
  ['H100 PCIe', { bytesPerSecond: 2.0e12, matrixOperationsPerSecond: 378e12 }],
  ['H100', { bytesPerSecond: 3.35e12, matrixOperationsPerSecond: 494e12 }],
  ['A100', { bytesPerSecond: 2.0e12, matrixOperationsPerSecond: 156e12 }],
  ['L40', { bytesPerSecond: 0.864e12, matrixOperationsPerSecond: 90e12 }],
];

export function peakOf(cardName: string): Peak | undefined {
  return PEAKS.find(([part]) => cardName.includes(part))?.[1];
}

/** Bytes read and written per second by copies within the device's memory. */
export function measureCopyBandwidth({ memoryPool, device }: CudaBackend, bytes: number): number {
  const COPIES = 10;
  const [from, to] = [memoryPool.take(bytes), memoryPool.take(bytes)];
  const copy = () => device.driver.call('cuMemcpyDtoDAsync_v2', to.address, from.address, bytes, device.stream);
  copy();
  device.synchronize();
  const begin = performance.now();
  for (let i = 0; i < COPIES; i++) copy();
  device.synchronize();
  const seconds = (performance.now() - begin) / 1000;
  memoryPool.give(from);
  memoryPool.give(to);
  return (2 * bytes * COPIES) / seconds;
}
