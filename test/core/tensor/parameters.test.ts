import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { ParameterSet } from '../../../core/tensor/parameters.js';

beforeAll(() => useBackend({ backend: 'cpu' }));

function makeSet(): ParameterSet {
  const set = new ParameterSet();
  set.add('first', [2, 2], Float32Array.of(1, 2, 3, 4));
  set.add('second', [1], Float32Array.of(5));
  return set;
}

describe('ParameterSet', () => {
  test('keeps order, names and counts', () => {
    const set = makeSet();
    expect(set.names).toEqual(['first', 'second']);
    expect(set.variables.map(({ shape }) => shape)).toEqual([[2, 2], [1]]);
    expect(set.count).toBe(5);
    expect([...set.get('second').dataSync()]).toEqual([5]);
    expect(() => set.get('third')).toThrow(/no parameter 'third'/);
  });

  test('refuses a name twice and values that do not fill the shape', () => {
    const set = makeSet();
    expect(() => set.add('first', [1], Float32Array.of(1))).toThrow(/'first' exists already/);
    expect(() => set.add('third', [2], Float32Array.of(1))).toThrow(/'third' of shape \[2\] needs 2 values, got 1/);
  });

  test('owns its memory', () => {
    const set = new ParameterSet();
    const values = Float32Array.of(1, 2);
    set.add('a', [2], values);
    values[0] = 9;
    expect([...set.get('a').dataSync()]).toEqual([1, 2]);
    set.toArrays().get('a')!.data[0] = 9;
    expect([...set.get('a').dataSync()]).toEqual([1, 2]);
  });

  test('loads what it saved; copyFrom does the same', () => {
    const source = makeSet();
    source.get('second').assign(tf.tensor1d([7]));
    const [loaded, copied] = [makeSet(), makeSet()];
    loaded.load(source.toArrays(), 'file.safetensors');
    copied.copyFrom(source);
    expect([...loaded.get('second').dataSync()]).toEqual([7]);
    expect(copied.toArrays()).toEqual(source.toArrays());
  });

  test.each<[string, (arrays: Map<string, { shape: number[]; data: Float32Array }>) => void, RegExp]>([
    ['missing', (arrays) => arrays.delete('second'), /file: tensor 'second' is missing; it needs shape \[1\]/],
    ['unknown', (arrays) => arrays.set('x', { shape: [], data: Float32Array.of(1) }), /file: tensor 'x' is unknown/],
    ['misshapen', (arrays) => arrays.set('second', { shape: [2], data: Float32Array.of(1, 2) }), /'second' must have shape \[1\], got \[2\]/], // biome-ignore format: table
    ['short', (arrays) => arrays.set('second', { shape: [1], data: Float32Array.of() }), /with 0 numbers/],
  ])('a %s tensor is refused and nothing changes', (_, damage, message) => {
    const set = makeSet();
    const arrays = makeSet().toArrays();
    arrays.get('first')!.data.fill(9);
    damage(arrays);
    expect(() => set.load(arrays, 'file')).toThrow(message);
    expect([...set.get('first').dataSync()]).toEqual([1, 2, 3, 4]);
  });

  test('dispose frees everything', () => {
    const tensors = tf.memory().numTensors;
    const [set, other] = [makeSet(), makeSet()];
    set.copyFrom(other);
    set.dispose();
    other.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
