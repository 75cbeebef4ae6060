import { describe, expect, test } from 'vitest';
import { nativeSergioKernel } from '../../../core/native/ops/sergio.js';
import { counterNormals, integerFromWord, threefry } from '../../../envs/sergio/counter-random.js';
import { deviation, mean } from './networks.js';

// Known answers of Threefry-2x32-20 published with the Random123 library.
const KNOWN_ANSWERS = [
  { key: [0, 0], counter: [0, 0], words: [0x6b200159, 0x99ba4efe] },
  { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], words: [0x1cb996fc, 0xbb002be7] },
  { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], words: [0xc4923a9c, 0x483df7a0] },
] as const;

describe('threefry', () => {
  test.each(KNOWN_ANSWERS)('gives the published words for key $key', ({ key, counter, words }) => {
    const output = new Uint32Array(2);
    threefry(Uint32Array.from(key), counter[0], counter[1], output);
    expect([...output]).toEqual([...words]);
  });

  test.skipIf(nativeSergioKernel() === undefined)('is the same in the native kernel', () => {
    for (const { key, counter, words } of KNOWN_ANSWERS)
      expect([...nativeSergioKernel()!.threefry(Uint32Array.from(key), counter[0], counter[1])]).toEqual([...words]);
  });
});

describe('counterNormals', () => {
  const normals = counterNormals(Uint32Array.of(3, 4), 0, 200_000);

  test('are standard normal: moments and tails', () => {
    expect(mean(normals)).toBeCloseTo(0, 2);
    expect(deviation(normals)).toBeCloseTo(1, 2);
    expect(mean(normals.map((z) => z ** 3))).toBeCloseTo(0, 1);
    expect(mean(normals.map((z) => z ** 4))).toBeCloseTo(3, 1);
    expect(mean(normals.map((z) => (z > 1.959964 ? 1 : 0)))).toBeCloseTo(0.025, 2);
    expect(normals.every(Number.isFinite)).toBe(true);
  });

  test('have no correlation between the two of a pair, nor between rows', () => {
    const half = normals.length / 2;
    expect(mean(normals.slice(0, half).map((z, i) => z * normals[half + i]!))).toBeCloseTo(0, 1);
    const other = counterNormals(Uint32Array.of(3, 4), 1, 200_000);
    expect(mean(normals.map((z, i) => z * other[i]!))).toBeCloseTo(0, 1);
  });

  test('do not depend on how many are asked for, within a block', () => {
    expect(counterNormals(Uint32Array.of(1, 2), 5, 17)).toEqual(counterNormals(Uint32Array.of(1, 2), 5, 32));
    expect(counterNormals(Uint32Array.of(1, 2), 5, 0)).toHaveLength(0);
  });
});

test('integerFromWord covers its range and no more', () => {
  expect(integerFromWord(0, 7)).toBe(0);
  expect(integerFromWord(0xffffffff, 7)).toBe(6);
  expect(integerFromWord(0x80000000, 7)).toBe(3);
});
