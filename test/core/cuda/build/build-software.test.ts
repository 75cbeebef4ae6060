import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import koffi from 'koffi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CudaDriver, type Handle } from '../../../../core/cuda/device/driver.js';
import { cudaFolder, kernelsOf, readSource, sourceNames } from '../../../../core/cuda/device/kernel-sources.js';
import { softwareDeviceIsUsable } from '../software-device.js';

const script = (name: string) => import(pathToFileURL(join(cudaFolder(), 'build', name)).href);

/** Kernels that use the device in the ways that are to be told apart. */
const KERNELS = `#include "warp.cuh"
extern "C" __global__ void reverse_block(const float* from, float* to) {
  __shared__ float kept[64];
  kept[threadIdx.x] = from[threadIdx.x];
  __syncthreads();
  to[threadIdx.x] = kept[blockDim.x - 1 - threadIdx.x];
}
extern "C" __global__ void sum_lanes(const float* from, float* to) {
  to[threadIdx.x] = warpSum(from[threadIdx.x]);
}
extern "C" __global__ void add_number(float* to, float number, int size) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < size) to[i] += number;
}
extern "C" __global__ void missing_barrier(float* to) {
  if (threadIdx.x == 3) return;
  __syncthreads();
  to[0] = 1;
}
extern "C" __global__ void different_barriers(float* to) {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  to[0] = 1;
}
extern "C" __global__ void missing_lane(float* to) {
  if (threadIdx.x == 5) return;
  to[0] = warpSum(1.0f);
}
extern "C" __global__ void __launch_bounds__(64) write_beyond(float* to, int place) { to[place] = 1; }
`;

const BYTES = 4;
const SIZE = 64;

describe.runIf(softwareDeviceIsUsable)('the software device', () => {
  let folder: string;
  let driver: CudaDriver;
  let module: Handle;
  let stream: Handle;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'causal-pilot-device-'));
    const file = join(folder, 'kernels.cu');
    writeFileSync(file, KERNELS);
    const { buildSoftwareDevice } = await script('build-software.mjs');
    await buildSoftwareDevice({ target: folder, kernelFiles: [file] });
    driver = new CudaDriver(join(folder, 'cuda-software.so'));
    driver.call('cuInit', 0);
    driver.call('cuCtxSetCurrent', driver.obtain('cuDevicePrimaryCtxRetain', 0));
    module = driver.obtain('cuModuleLoadDataEx', new Uint8Array(1), 0, null, null);
    stream = driver.obtain('cuStreamCreate', 0);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const allocate = (numbers: number): Handle => driver.obtain('cuMemAlloc_v2', numbers * BYTES);
  const upload = (to: Handle, values: Float32Array): void =>
    driver.call('cuMemcpyHtoDAsync_v2', to, values, values.byteLength, stream);
  const download = (from: Handle, numbers: number): Float32Array => {
    const values = new Float32Array(numbers);
    driver.call('cuMemcpyDtoHAsync_v2', values, from, values.byteLength, stream);
    return values;
  };

  /** Launches a kernel on `threads` threads of one block; arguments are numbers of 64 or 32 bits in buffers. */
  function launch(name: string, threads: number, ...values: ArrayBufferView[]): void {
    const function_ = driver.obtain('cuModuleGetFunction', module, name);
    const room = 16;
    const memory = koffi.alloc('uint8_t', room * values.length);
    const address = Number(koffi.address(memory));
    // A table of addresses, then the arguments themselves.
    const bytes = new Uint8Array(koffi.view(memory, room * values.length));
    const table = BigUint64Array.from(values, (_, i) => BigInt(address + 8 * (values.length + i)));
    bytes.set(new Uint8Array(table.buffer));
    values.forEach((value, i) => {
      bytes.set(new Uint8Array(value.buffer), 8 * (values.length + i));
    });
    driver.call('cuLaunchKernel', function_, 1, 1, 1, threads, 1, 1, 0, stream, address, 0);
  }

  const pointer = (address: Handle) => BigUint64Array.of(BigInt(address));
  const numbers = Float32Array.from({ length: SIZE }, (_, i) => i);

  test('barriers let threads read what others wrote to shared memory', () => {
    const [from, to] = [allocate(SIZE), allocate(SIZE)];
    upload(from, numbers);
    launch('reverse_block', SIZE, pointer(from), pointer(to));
    expect([...download(to, SIZE)]).toEqual([...numbers].reverse());
  });

  test('shuffles exchange numbers within each warp', () => {
    const [from, to] = [allocate(SIZE), allocate(SIZE)];
    upload(from, numbers);
    launch('sum_lanes', SIZE, pointer(from), pointer(to));
    const sums = download(to, SIZE);
    expect([sums[0], sums[31], sums[32]]).toEqual([496, 496, 1520]);
  });

  test.each([
    [
      'missing_barrier',
      /a barrier at line \d+ is not reached by all threads of the block \(thread 0 waits, 1 have ended\)/,
    ],
    ['different_barriers', /threads of a block wait at different barriers \(lines \d+ and \d+\)/],
    ['missing_lane', /lanes of a warp wait at line \d+ for others that do not come \(thread 0\)/],
  ])('%s is reported, and the device goes on', (name, reason) => {
    const to = allocate(SIZE);
    expect(() => launch(name, SIZE, pointer(to))).toThrow(reason);
    upload(to, numbers);
    launch('add_number', SIZE, pointer(to), Float32Array.of(2), Int32Array.of(SIZE));
    expect(download(to, SIZE)[5]).toBe(7);
  });

  test('memory that nothing was written to, or that was freed, reads as NaN', () => {
    const fresh = allocate(SIZE);
    expect(download(fresh, SIZE).every(Number.isNaN)).toBe(true);
    upload(fresh, numbers);
    driver.call('cuMemFree_v2', fresh);
    const to = allocate(SIZE);
    launch('reverse_block', SIZE, pointer(fresh), pointer(to));
    expect(download(to, SIZE).every(Number.isNaN)).toBe(true);
  });

  test('a write beyond an allocation is found when the stream is waited for', () => {
    const to = allocate(SIZE);
    launch('write_beyond', 1, pointer(to), Int32Array.of(SIZE));
    expect(() => driver.call('cuStreamSynchronize', stream)).toThrow(/CUDA_ERROR_ILLEGAL_ADDRESS/);
    expect(() => driver.call('cuMemFree_v2', to)).toThrow(/CUDA_ERROR_ILLEGAL_ADDRESS/);
    driver.call('cuStreamSynchronize', stream);
  });

  test('waiting for a stream that is being captured spoils the capture', () => {
    driver.call('cuStreamBeginCapture_v2', stream, 2);
    expect(() => driver.call('cuStreamSynchronize', stream)).toThrow(/STREAM_CAPTURE_UNSUPPORTED/);
    const graph = new BigUint64Array(1);
    expect(() => driver.call('cuStreamEndCapture', stream, graph)).toThrow(/STREAM_CAPTURE_INVALIDATED/);
  });

  test('a captured graph runs with the numbers that memory holds then, and not before', () => {
    const to = allocate(SIZE);
    upload(to, numbers);
    driver.call('cuStreamBeginCapture_v2', stream, 2);
    launch('add_number', SIZE, pointer(to), Float32Array.of(1), Int32Array.of(SIZE));
    const graph = new BigUint64Array(1);
    driver.call('cuStreamEndCapture', stream, graph);
    expect(download(to, SIZE)[3]).toBe(3);
    const instance = driver.obtain('cuGraphInstantiateWithFlags', graph[0]!, 0);
    driver.call('cuGraphLaunch', instance, stream);
    driver.call('cuGraphLaunch', instance, stream);
    expect(download(to, SIZE)[3]).toBe(5);
    upload(to, new Float32Array(SIZE));
    driver.call('cuGraphLaunch', instance, stream);
    expect(download(to, SIZE)[3]).toBe(1);
  });

  test('arguments that a GPU refuses are refused', () => {
    const to = allocate(SIZE);
    expect(() => launch('add_number', 1025, pointer(to), Float32Array.of(1), Int32Array.of(SIZE))).toThrow(
      /INVALID_VALUE/,
    );
    expect(() => launch('write_beyond', 65, pointer(to), Int32Array.of(0))).toThrow(/INVALID_VALUE/);
    expect(() => driver.obtain('cuModuleGetFunction', module, 'no_such_kernel')).toThrow(/CUDA_ERROR_NOT_FOUND/);
    expect(() =>
      driver.call('cuMemcpyHtoDAsync_v2', to, new Float32Array(SIZE + 1), (SIZE + 1) * BYTES, stream),
    ).toThrow(/INVALID_VALUE/);
    expect(() => driver.call('cuMemFree_v2', to + BYTES)).toThrow(/INVALID_VALUE/);
  });

  test('memory ends at CAUSAL_PILOT_SOFTWARE_DEVICE_BYTES', () => {
    expect(() => driver.obtain('cuMemAlloc_v2', 5 * 2 ** 30)).toThrow(/CUDA_ERROR_OUT_OF_MEMORY \(out of memory\)/);
  });
});

describe('the shipped PTX', () => {
  const folder = join(cudaFolder(), 'ptx');
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
    files: Record<string, { source: string }>;
  };

  test('was made from these sources; otherwise run node core/cuda/build/compile-ptx.mjs', async () => {
    const { hashKernelSources } = await script('compile-ptx.mjs');
    const recorded = Object.fromEntries(Object.entries(manifest.files).map(([name, { source }]) => [name, source]));
    expect(recorded).toEqual(hashKernelSources());
  });

  test('has every kernel that the sources declare', () => {
    for (const file of sourceNames('.cu')) {
      const text = gunzipSync(readFileSync(join(folder, file.replace('.cu', '.ptx.gz')))).toString('utf8');
      const entries = [...text.matchAll(/\.entry (\w+)/g)].map(([, name]) => name);
      const declared = kernelsOf(file, readSource(file)).map(({ name }) => name);
      expect(entries.sort(), file).toEqual(declared.sort());
    }
  });
});
