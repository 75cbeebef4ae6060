import * as tf from '@tensorflow/tfjs';
import { type MockInstance, vi } from 'vitest';
import { useBackend } from '../../core/backend/backend.js';
import type { CapturingBackend } from '../../core/tensor/capturing-backend.js';
import { softwareDeviceIsUsable } from '../core/cuda/software-device.js';
import { useRecordingBackend } from '../core/tensor/recording-backend.js';
import { nativeIsUsable } from '../core/tensor/usable-backends.js';

/** A backend that captures. */
export interface CapturingCase {
  readonly name: string;
  /** Makes it the active one. */
  use(): Promise<unknown>;
}

/** Those that this machine has. */
export const capturingCases: readonly CapturingCase[] = [
  ...(nativeIsUsable ? [{ name: 'native kernels that are recorded', use: useRecordingBackend }] : []),
  ...(softwareDeviceIsUsable
    ? [{ name: 'cuda on the software device', use: () => useBackend({ backend: 'cuda', cudaDevice: 'software' }) }]
    : []),
];

/** The active backend's captures, counted. */
export function spyOnCapture(): MockInstance<CapturingBackend['capture']> {
  return vi.spyOn(tf.backend() as unknown as CapturingBackend, 'capture');
}

/** Runs `body` as if the active backend could not capture. */
export function withoutCapture<Result>(body: () => Result): Result {
  const backend = tf.backend() as unknown as { capture: unknown };
  backend.capture = undefined;
  try {
    return body();
  } finally {
    delete backend.capture;
  }
}
