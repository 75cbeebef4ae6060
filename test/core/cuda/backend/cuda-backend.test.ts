import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import type { CudaBackend } from '../../../../core/cuda/backend/cuda-backend.js';
import { cudaBackend, DEVICE_KERNELS } from '../../../../core/cuda/register.js';
import { encoderLayer } from '../../../../core/tensor/encoder-layer.js';
import { linear } from '../../../../core/tensor/linear.js';
import { relativeDifference, runLayer } from '../../native/random-layer.js';
import { smallTraining } from '../../native/small-training.js';
import { softwareDeviceIsUsable } from '../software-device.js';

let backend: CudaBackend;
beforeAll(async () => {
  if (!softwareDeviceIsUsable) return;
  await useBackend({ backend: 'cuda', cudaDevice: 'software' });
  backend = cudaBackend()!;
});
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

describe.runIf(softwareDeviceIsUsable)('tensors on the device', () => {
  test('memory is used again once its tensor is gone, and given back by trim', () => {
    backend.memoryPool.trim();
    const first = tf.zeros([5000]).add(1);
    const { heldBytes } = backend.memoryPool.statistics;
    first.dispose();
    const second = tf.fill([4990], 2);
    expect(backend.memoryPool.statistics.heldBytes).toBe(heldBytes);
    second.dispose();
    backend.memoryPool.trim();
    const { heldBytes: after, usedBytes } = backend.memoryPool.statistics;
    expect(after).toBe(usedBytes);
  });

  test('what was read outlives its tensor', () => {
    const tensor = tf.ones([5000]).add(1);
    const values = tensor.dataSync();
    tensor.dispose();
    tf.zeros([5000]).add(7).dispose();
    expect(values.every((value) => value === 2)).toBe(true);
  });

  test('large and small uploads arrive whole and in order', () => {
    const large = Float32Array.from({ length: 1_300_000 }, (_, i) => i % 1000);
    const parts = Array.from({ length: 60 }, (_, k) =>
      tf.tensor1d(large.subarray(k * 20_000, (k + 1) * 20_000)).add(0),
    );
    const whole = tf.tensor1d(large).add(0);
    const joined = tf.concat([...parts, tf.tensor1d(large.subarray(1_200_000))]);
    expect(joined.sub(whole).abs().max().dataSync()[0]).toBe(0);
    tf.dispose([...parts, whole, joined]);
  });

  test('numbers, integers and truth values survive the way there and back', () => {
    const numbers = tf.tensor1d([1.7, -2.2, 0]);
    const integers = numbers.cast('int32');
    const truths = numbers.greater(0);
    expect([...integers.dataSync()]).toEqual([1, -2, 0]);
    expect([...integers.cast('float32').dataSync()]).toEqual([1, -2, 0]);
    expect([...truths.dataSync()]).toEqual([1, 0, 0]);
    expect([...truths.logicalNot().cast('int32').dataSync()]).toEqual([0, 1, 1]);
  });

  test('tensors move to another backend and back with their values', async () => {
    const tensor = tf.tensor1d([1, 2]).square();
    await useBackend({ backend: 'cpu' });
    const onCpu = tensor.add(1);
    expect([...onCpu.dataSync()]).toEqual([2, 5]);
    await useBackend({ backend: 'cuda', cudaDevice: 'software' });
    expect([...onCpu.mul(2).dataSync()]).toEqual([4, 10]);
  });

  test('long sums are as exact as short ones, and the same each time', () => {
    const values = Float32Array.from({ length: 300_000 }, (_, i) => Math.fround(Math.sin(i)) + 0.5);
    const exact = values.reduce((sum, value) => sum + value, 0);
    const x = tf.tensor1d(values);
    const sums = [0, 1].map(() => x.sum().dataSync()[0]!);
    expect(sums[0]! / exact).toBeCloseTo(1, 6);
    expect(sums[1]).toBe(sums[0]);
    const columns = x.reshape([100_000, 3]).sum(0).dataSync();
    expect((columns[0]! + columns[1]! + columns[2]!) / exact).toBeCloseTo(1, 6);
    x.dispose();
  });

  test.each([
    [70, 90, 40, false, false],
    [70, 90, 40, true, true],
    [200, 64, 3, false, true],
    [1, 130, 17, true, false],
  ])('a product of %i x %i and %i columns, transposed %s %s', (rows, depth, columns, transposeA, transposeB) => {
    const numbers = (size: number, shift: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(i + shift));
    const a = tf.tensor3d(numbers(2 * rows * depth, 0), transposeA ? [2, depth, rows] : [2, rows, depth]);
    const b = tf.tensor3d(numbers(depth * columns, 5), transposeB ? [1, columns, depth] : [1, depth, columns]);
    const plainA = transposeA ? a.transpose([0, 2, 1]) : a;
    const plainB = transposeB ? b.transpose([0, 2, 1]) : b;
    const wanted = plainA.expandDims(3).mul(plainB.expandDims(1)).sum(2);
    const difference = tf.matMul(a, b, transposeA, transposeB).sub(wanted).abs().max().dataSync()[0]!;
    expect(difference).toBeLessThan(1e-5);
  });
});

test.runIf(softwareDeviceIsUsable)('100 training steps leak neither tensors nor device memory', () => {
  const train = smallTraining();
  const first = train(0);
  const { numTensors, numDataBuffers } = tf.memory();
  const { usedBytes } = backend.memoryPool.statistics;
  let last = first;
  for (let step = 1; step <= 100; step++) last = train(step);
  expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
  expect(backend.memoryPool.statistics.usedBytes).toBe(usedBytes);
  expect(last).toBeLessThan(first);
});

describe.runIf(softwareDeviceIsUsable)('precision', () => {
  const layer = { batch: 2, rows: 9, variables: 3, width: 16, heads: 2, keySize: 8, hidden: 24 };
  const run = () => runLayer(encoderLayer, { ...layer, axis: 'rows', masked: true, dropoutRate: 0.1, seed: 3 });

  test('tf32 rounds what layers multiply, by up to one part in 2,000; float32 does not', async () => {
    const exact = run();
    await useBackend({ backend: 'cuda', cudaDevice: 'software', precision: 'tf32' });
    const rounded = run();
    const [x, weight] = [tf.ones([70, 5]), tf.ones([3, 5])] as [tf.Tensor2D, tf.Tensor2D];
    const grad = tf.grads((x: tf.Tensor, weight: tf.Tensor) => linear(x, weight as tf.Tensor2D).sum());
    const [dx, dWeight] = grad([x, weight]);
    expect([dx!.dataSync()[0], dWeight!.dataSync()[0]]).toEqual([3, 70]);
    await useBackend({ backend: 'cuda', cudaDevice: 'software' });
    for (const [name, values] of exact) expect(relativeDifference(rounded.get(name)!, values), name).toBeLessThan(5e-3);
    expect(relativeDifference(rounded.get('y')!, exact.get('y')!)).toBeGreaterThan(1e-6);
  });
});

describe.runIf(softwareDeviceIsUsable)('kernels without a device form', () => {
  test('run on the host and are counted by name', () => {
    backend.fallback.resetCounts();
    const y = tf.cumsum(tf.tensor1d([1, 2, 3]).square());
    expect([...y.add(1).dataSync()]).toEqual([2, 6, 15]);
    expect([...backend.fallback.counts]).toEqual([['Cumsum', 1]]);
    backend.fallback.resetCounts();
    expect(backend.fallback.counts.size).toBe(0);
  });

  test('are all registered, and none of those with a device form twice', () => {
    const names = DEVICE_KERNELS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { kernelName } of tf.getKernelsForBackend('cpu')) expect(tf.getKernel(kernelName, 'cuda')).toBeDefined();
  });
});

describe.runIf(softwareDeviceIsUsable)('out of memory', () => {
  const limit = 'CAUSAL_PILOT_SOFTWARE_DEVICE_BYTES';
  afterEach(() => {
    delete process.env[limit];
  });

  test('says what was asked and held, with the name that the driver gives it; the backend works on', () => {
    backend.memoryPool.trim();
    process.env[limit] = String(10 * 2 ** 20);
    const kept = tf.fill([1_000_000], 1);
    expect(() => tf.fill([2_000_000], 1)).toThrow(
      /^backend 'cuda': cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY \(.+\); asked for 8\.0 MiB with \d+\.\d MiB held by this process and \d+\.\d MiB of 10\.0 MiB free; lower the batch size/,
    );
    expect(kept.sum().dataSync()[0]).toBe(1_000_000);
    kept.dispose();
  });

  test('is avoided by giving free memory back first', () => {
    backend.memoryPool.trim();
    process.env[limit] = String(10 * 2 ** 20);
    tf.fill([1_500_000], 1).dispose();
    const other = tf.fill([2_000_000], 1);
    expect(other.dataSync()[1_999_999]).toBe(1);
    other.dispose();
  });
});
