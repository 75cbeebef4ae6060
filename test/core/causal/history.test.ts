import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History } from '../../../core/causal/history.js';
import { doIntervention, observe, shiftIntervention } from '../../../core/causal/intervention.js';

describe('History', () => {
  test('keeps all rows and flags in order while it grows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.tuple(fc.nat(3), fc.boolean()), { maxLength: 20 }),
        (size, experiments) => {
          const history = new History(size, 1);
          const values: number[] = [];
          const targets: number[] = [];
          for (const [rows, intervened] of experiments) {
            const samples = Float32Array.from({ length: rows * size }, (_, k) => values.length + k);
            const intervention = intervened ? doIntervention(size, { [size - 1]: 1 }) : observe(size);
            history.append(samples, intervention);
            values.push(...samples);
            for (let row = 0; row < rows; row++) targets.push(...intervention.targets);
          }
          expect(Array.from(history.values)).toEqual(values);
          expect(Array.from(history.targets)).toEqual(targets);
          expect(history.rows).toBe(values.length / size);
        },
      ),
    );
  });

  test('a prefix is a copy of the first rows', () => {
    const history = new History(2);
    history.append(Float32Array.of(1, 2, 3, 4), observe(2));
    history.append(Float32Array.of(5, 6), doIntervention(2, { 1: 6 }));
    const prefix = history.prefix(2);
    history.append(Float32Array.of(9, 9), observe(2));
    expect([...prefix.values]).toEqual([1, 2, 3, 4]);
    expect([...history.prefix(3).targets]).toEqual([0, 0, 0, 0, 0, 1]);
    prefix.append(Float32Array.of(7, 7), observe(2));
    expect(history.values[4]).toBe(5);
    expect(history.prefix(0).rows).toBe(0);
    expect(() => history.prefix(5)).toThrow("'rows' must be in [0, 4], got 5");
  });

  test('keeps what every experiment did: kinds, and values of its targets alone', () => {
    const history = new History(2, 1);
    history.append(Float32Array.of(1, 2), observe(2));
    history.append(Float32Array.of(3, 4, 5, 6), shiftIntervention(2, { 1: -0.5 }));
    history.append(Float32Array.of(0, 7), {
      kind: 'do',
      targets: Uint8Array.of(1, 0),
      values: Float32Array.of(0.25, Number.NaN),
    });
    expect([...history.interventionValues]).toEqual([0, 0, 0, -0.5, 0, -0.5, 0.25, 0]);
    expect(history.kinds).toEqual(['none', 'shift', 'shift', 'do']);
    const prefix = history.prefix(2);
    expect([...prefix.interventionValues]).toEqual([0, 0, 0, -0.5]);
    expect(prefix.kinds).toEqual(['none', 'shift']);
  });

  test('channels interleave value and flag from the offset on', () => {
    const history = new History(2);
    history.append(Float32Array.of(1.5, -2), doIntervention(2, { 1: -2 }));
    const out = new Float32Array(6);
    history.writeChannels(out, 2);
    expect([...out]).toEqual([0, 0, 1.5, 0, -2, 1]);
  });

  test('wrong shapes are refused', () => {
    const history = new History(2);
    expect(() => history.append(new Float32Array(3), observe(2))).toThrow('got 3 values and 2 targets');
    expect(() => history.append(new Float32Array(2), observe(3))).toThrow('got 2 values and 3 targets');
    expect(() => new History(0)).toThrow("'size' must be a positive integer, got 0");
    for (const capacity of [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY])
      expect(() => new History(3, capacity)).toThrow(`'capacity' must be a number of rows, got ${capacity}`);
  });

  test('values that are not finite are refused with their place, and nothing is kept', () => {
    const history = new History(2);
    for (const broken of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(() => history.append(Float32Array.of(0, 1, 2, broken), observe(2))).toThrow(
        `variable 1 of row 1 is ${broken}; leave rows without a measurement out`,
      );
    expect(history.rows).toBe(0);
  });
});
