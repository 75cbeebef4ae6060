import * as tf from '@tensorflow/tfjs';
import { describe, expect, test, vi } from 'vitest';
import { automaticBackend, describeBackends, useBackend } from '../../../core/backend/backend.js';
import { describeCuda } from '../../../core/cuda/device/describe-cuda.js';
import { cudaBackend } from '../../../core/cuda/register.js';
import { nativeIsUsable, usableBackends } from '../tensor/usable-backends.js';

const gpuIsUsable = await describeCuda('gpu').then(
  () => true,
  () => false,
);
const usable = await usableBackends(['native', 'wasm', 'cpu', 'cuda']);

describe('useBackend', () => {
  test.each(usable)('activates %s by name', async (backend) => {
    expect(await useBackend({ backend })).toBe(backend);
    expect(tf.getBackend()).toBe(backend);
    expect(tf.sum(tf.tensor1d([1, 2, 3])).dataSync()[0]).toBe(6);
  });

  test('auto takes a GPU, else native where its library was built, else wasm, and never the software device', async () => {
    const processor = nativeIsUsable ? 'native' : 'wasm';
    expect(await useBackend()).toBe(gpuIsUsable ? 'cuda' : processor);
    expect(await automaticBackend()).toBe(tf.getBackend());
    expect(await useBackend({ cudaDevice: 'software' })).toBe(gpuIsUsable ? 'cuda' : processor);
  });

  test.runIf(usable.includes('cuda'))('cuda is exact on the software device unless told otherwise', async () => {
    await useBackend({ backend: 'cuda' });
    expect(cudaBackend()?.precision).toBe('float32');
    await useBackend({ backend: 'cuda', precision: 'tf32' });
    expect(cudaBackend()?.precision).toBe('tf32');
    await useBackend({ backend: 'cuda' });
    expect(cudaBackend()?.precision).toBe('float32');
  });

  test.skipIf(gpuIsUsable)('a GPU that is not there is refused with a remedy', async () => {
    await expect(useBackend({ backend: 'cuda', cudaDevice: 'gpu' })).rejects.toThrow(
      /libcuda\.so\.1.*install a driver.*--backend native/,
    );
  });

  test('backends that are not there are refused with a remedy', async () => {
    await expect(useBackend({ backend: 'tensorflow' })).rejects.toThrow(/tfjs-node.*npm install/);
    for (const threads of [0, 1.5, Number.NaN, 40_000])
      await expect(useBackend({ threads })).rejects.toThrow(
        `'threads' must be an integer from 1 to 1024, got ${threads}`,
      );
  });

  test('what it does not know is refused instead of being passed over', async () => {
    const call = useBackend as (options: unknown) => Promise<string>;
    await expect(call('wasm')).rejects.toThrow(`takes an object such as { backend: 'wasm' }, got "wasm"`);
    await expect(call({ name: 'wasm' })).rejects.toThrow(/unknown option 'name'; options are backend, threads/);
    await expect(call({ backend: 'metal' })).rejects.toThrow(/no backend 'metal'; choose among auto, native/);
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
      nativeIsUsable ? /C\+\+ kernels/ : /run node core\/native\/build\/build.mjs/,
    );
    expect(backends.get('wasm')?.usable).toBe(true);
    expect(backends.get('tensorflow')).toMatchObject({ usable: false, detail: expect.stringContaining('npm install') });
  });
});
