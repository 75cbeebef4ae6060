import * as tf from '@tensorflow/tfjs';
import { describe, expect, test, vi } from 'vitest';
import { describeBackends, useBackend } from '../../../core/tensor/backend.js';
import { nativeIsUsable, usableBackends } from './usable-backends.js';

const usable = await usableBackends(['native', 'wasm', 'cpu', 'cuda']);

describe('useBackend', () => {
  test.each(usable)('activates %s by name', async (backend) => {
    expect(await useBackend({ backend })).toBe(backend);
    expect(tf.getBackend()).toBe(backend);
    expect(tf.sum(tf.tensor1d([1, 2, 3])).dataSync()[0]).toBe(6);
  });

  test('auto takes native where its library was built, else wasm', async () => {
    expect(await useBackend()).toBe(nativeIsUsable ? 'native' : 'wasm');
  });

  test('backends that are not there are refused with a remedy', async () => {
    await expect(useBackend({ backend: 'tensorflow' })).rejects.toThrow(/tfjs-node.*npm install/);
    await expect(useBackend({ threads: 0 })).rejects.toThrow(/'threads' must be a positive integer, got 0/);
  });

  test('the stock CPU backend says nothing on its first use', async () => {
    const warn = vi.spyOn(console, 'warn');
    await useBackend({ backend: 'cpu' });
    tf.tensor1d([1]).add(1).dispose();
    expect(warn).not.toHaveBeenCalled();
  });

  test('describeBackends tells for each whether and why', async () => {
    const backends = new Map((await describeBackends()).map((backend) => [backend.name, backend]));
    expect(backends.get('native')?.usable).toBe(nativeIsUsable);
    expect(backends.get('native')?.detail).toMatch(
      nativeIsUsable ? /C\+\+ kernels/ : /run node core\/native\/build.mjs/,
    );
    expect(backends.get('wasm')?.usable).toBe(true);
    expect(backends.get('tensorflow')).toMatchObject({ usable: false, detail: expect.stringContaining('npm install') });
  });
});
