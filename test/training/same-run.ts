import { join } from 'node:path';
import { expect } from 'vitest';
import { readSafetensors } from '../../core/checkpoint/safetensors.js';
import { readMetrics } from '../../core/run/run-folder.js';

/** Expects two runs in `root` to have the same weights, in the resumable and the best checkpoint, and the same metrics, times aside. */
export function expectSameRun(root: string, given: string, expected: string): void {
  for (const file of ['checkpoints/resume/weights.safetensors', 'checkpoints/best/weights.safetensors'])
    expect(readSafetensors(join(root, given, file)).tensors).toEqual(
      readSafetensors(join(root, expected, file)).tensors,
    );
  const withoutTimes = (name: string) =>
    readMetrics(join(root, name)).map(({ time, 'time/processorMinutes': processor, ...values }) => values);
  expect(withoutTimes(given)).toEqual(withoutTimes(expected));
}
