import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSafetensors } from '../../../core/checkpoint/safetensors.js';
import { assertFinite, writeNumericDump } from '../../../core/run/finite.js';

test('finite values pass, also extremes and empty arrays', () => {
  assertFinite(1, 'loss', -Number.MAX_VALUE);
  assertFinite(1, 'weights', Float32Array.of(0, -0, 3.4e38));
  assertFinite(1, 'nothing', []);
});

test.each<[number | ArrayLike<number>, string]>([
  [Number.NaN, "step 12: 'loss' is NaN; resume from the last checkpoint with a smaller learning rate"],
  [-Infinity, "step 12: 'loss' is -Infinity"],
  [Float32Array.of(1, 2, Number.POSITIVE_INFINITY), "step 12: 'loss' holds Infinity at element 2"],
])('%s stops with step, name and element', (value, sentence) => {
  expect(() => assertFinite(12, 'loss', value)).toThrow(
    expect.objectContaining({ code: 'E_NUMERIC', message: expect.stringContaining(sentence) }),
  );
});

test('the dump holds the tensors bit for bit and the details', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'causal-pilot-dump-'));
  try {
    const tensors = new Map([['batch/reward', { shape: [2], data: Float32Array.of(1, Number.NaN) }]]);
    const path = await writeNumericDump(folder, {
      step: 5,
      name: 'batch/reward',
      tensors,
      details: { loss: Infinity },
    });
    expect(path).toBe(join(folder, 'dump-step-5'));
    expect(readSafetensors(join(path, 'tensors.safetensors')).tensors).toEqual(tensors);
    expect(JSON.parse(readFileSync(join(path, 'dump.json'), 'utf8'))).toEqual({
      step: 5,
      name: 'batch/reward',
      details: { loss: 'Infinity' },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
