import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { useBackend } from '../../../../core/backend/backend.js';
import type { CudaBackend } from '../../../../core/cuda/backend/cuda-backend.js';
import { cudaBackend } from '../../../../core/cuda/register.js';
import { softwareDeviceIsUsable } from '../software-device.js';

let backend: CudaBackend;
beforeAll(async () => {
  if (!softwareDeviceIsUsable) return;
  await useBackend({ backend: 'cuda', cudaDevice: 'software' });
  backend = cudaBackend()!;
});
beforeEach(() => backend?.memoryPool.trim());

describe.runIf(softwareDeviceIsUsable)('capture', () => {
  test('records without running; each replay computes from what the inputs hold then', () => {
    const x = tf.tensor1d([1, 2, 3]);
    const graph = backend.capture(() => [x.square().add(1), x.sum()]);
    const [squares, sum] = graph.outputs as [tf.Tensor, tf.Tensor];
    graph.replay();
    expect([...squares.dataSync()]).toEqual([2, 5, 10]);
    backend.overwrite(x.dataId, Float32Array.of(4, 5, 6));
    graph.replay();
    expect([...squares.dataSync()]).toEqual([17, 26, 37]);
    expect([...sum.dataSync()]).toEqual([15]);
    graph.dispose();
    x.dispose();
  });

  test('constants of the body survive replays though its memory is used again and again', () => {
    const x = tf.tensor1d([1, 1, 1, 1]);
    const graph = backend.capture(() => {
      let y: tf.Tensor = x;
      for (let i = 1; i <= 20; i++)
        y = y
          .mul(tf.tensor1d([1, 2, 3, 4]))
          .sub(tf.scalar(i))
          .add(i);
      return [y];
    });
    const expected = () => [1, 2, 3, 4].map((base) => base ** 20);
    for (let replay = 0; replay < 3; replay++) {
      tf.ones([4]).add(7).dispose();
      graph.replay();
      const values = graph.outputs[0]!.dataSync();
      expected().forEach((wanted, i) => {
        expect(values[i]! / wanted).toBeCloseTo(1, 5);
      });
    }
    graph.dispose();
    x.dispose();
  });

  test('memory that a recording reads stays reserved after its tensor is gone, and is free after the graph', () => {
    const before = backend.memoryPool.statistics.usedBytes;
    const x = tf.tensor1d([1, 2, 3]);
    const graph = backend.capture(() => [x.add(10)]);
    x.dispose();
    const others = Array.from({ length: 5 }, () => tf.fill([3], 9));
    graph.replay();
    expect([...graph.outputs[0]!.dataSync()]).toEqual([11, 12, 13]);
    graph.dispose();
    tf.dispose(others);
    expect(backend.memoryPool.statistics.usedBytes).toBe(before);
  });

  test('recordings share the memory of what lives within a replay, and no replay changes what another one gave', () => {
    const x = tf.fill([40_000], 2);
    const chain = (y: tf.Tensor) => y.square().add(1).mul(3).sub(1);
    const before = backend.memoryPool.statistics.usedBytes;
    const first = backend.capture(() => [chain(x), chain(x).sum()]);
    const used = backend.memoryPool.statistics.usedBytes;
    const second = backend.capture(() => [chain(x.add(1))]);
    const output = 4 * 40_960;
    expect(used - before).toBeGreaterThan(3 * output);
    expect(backend.memoryPool.statistics.usedBytes - used).toBeLessThan(2 * output);
    first.replay();
    second.replay();
    expect(first.outputs[0]!.dataSync().every((value) => value === 14)).toBe(true);
    expect(first.outputs[1]!.dataSync()[0]).toBe(14 * 40_000);
    first.replay();
    expect(second.outputs[0]!.dataSync().every((value) => value === 29)).toBe(true);
    first.dispose();
    second.replay();
    expect(second.outputs[0]!.dataSync().every((value) => value === 29)).toBe(true);
    second.dispose();
    expect(backend.memoryPool.statistics.usedBytes).toBe(before);
    x.dispose();
  });

  test('a constant that outlives its recording keeps its memory', () => {
    const before = backend.memoryPool.statistics.usedBytes;
    const x = tf.tensor1d([1]);
    let constant: tf.Tensor | undefined;
    const graph = backend.capture(() => {
      constant = tf.keep(tf.tensor1d([5]));
      return [x.add(constant)];
    });
    graph.dispose();
    const other = tf.fill([1], 7);
    expect(tf.tidy(() => constant!.add(0).dataSync()[0])).toBe(5);
    tf.dispose([constant!, other, x]);
    expect(backend.memoryPool.statistics.usedBytes).toBe(before);
  });

  test('leaves no tensors behind, also when the body fails', () => {
    const before = { ...tf.memory(), used: backend.memoryPool.statistics.usedBytes };
    const x = tf.tensor1d([1, 2]);
    const graph = backend.capture(() => [x.square()]);
    graph.dispose();
    graph.dispose();
    expect(() =>
      backend.capture(() => {
        x.square().add(1);
        throw new RangeError('of the body');
      }),
    ).toThrow('of the body');
    x.dispose();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
    expect(backend.memoryPool.statistics.usedBytes).toBe(before.used);
    expect([...tf.tensor1d([3]).square().dataSync()]).toEqual([9]);
  });

  test('refuses what cannot be replayed, and says what it was', () => {
    const x = tf.tensor1d([3, 1, 2]);
    const variable = tf.variable(tf.tensor1d([1, 1, 1]));
    expect(() => backend.capture(() => [x.add(x.square().dataSync()[0]!)])).toThrow(/reads the values of a tensor/);
    expect(() => backend.capture(() => [tf.cumsum(x.square())])).toThrow(/kernel 'Cumsum' has no device form/);
    const assign = () => {
      variable.assign(x.square());
      return [];
    };
    expect(() => backend.capture(assign)).toThrow(/assigns to a variable/);
    expect([...variable.dataSync()]).toEqual([1, 1, 1]);
    const keep = () => {
      tf.keep(x.square());
      return [x.add(1)];
    };
    expect(() => backend.capture(keep)).toThrow(/leaves 1 tensors behind/);
    expect(() => backend.capture(() => backend.capture(() => [x]).outputs as tf.Tensor[])).toThrow(/is under way/);
    expect(() =>
      backend.capture(() => {
        backend.overwrite(x.dataId, Float32Array.of(1, 2, 3));
        return [x.add(1)];
      }),
    ).toThrow(/new values cannot be recorded/);
    tf.dispose([x, variable]);
  });

  test('takes tensors without elements', () => {
    const x = tf.tensor2d([], [0, 3]);
    const graph = backend.capture(() => [tf.tidy(() => x.add(1).square().sum(0))]);
    graph.replay();
    expect([...graph.outputs[0]!.dataSync()]).toEqual([0, 0, 0]);
    graph.dispose();
    x.dispose();
  });

  test('lets the host compute from constants of the body', () => {
    const x = tf.tensor1d([1, 2, 3]);
    const graph = backend.capture(() => [x.add(tf.cumsum(tf.tensor1d([1, 1, 1])))]);
    graph.replay();
    expect([...graph.outputs[0]!.dataSync()]).toEqual([2, 4, 6]);
    graph.dispose();
    x.dispose();
  });

  test('one recording can read what another one computes', () => {
    const x = tf.tensor1d([2]);
    const first = backend.capture(() => [x.square()]);
    const second = backend.capture(() => [first.outputs[0]!.add(1)]);
    first.replay();
    second.replay();
    expect(second.outputs[0]!.dataSync()[0]).toBe(5);
    first.dispose();
    tf.zeros([1]).add(99).dispose();
    second.dispose();
    x.dispose();
  });
});
