import { describe, expect, test } from 'vitest';
import {
  doIntervention,
  type Intervention,
  knockdown,
  knockout,
  observe,
  shiftIntervention,
  validateIntervention,
} from '../../../core/causal/intervention.js';

describe('constructors', () => {
  test('do and shift carry flags and values', () => {
    const intervention = doIntervention(4, { 1: -1, 3: 0.5 });
    expect(intervention.kind).toBe('do');
    expect([...intervention.targets]).toEqual([0, 1, 0, 1]);
    expect([...intervention.values!]).toEqual([0, -1, 0, 0.5]);
    expect(shiftIntervention(2, { 0: 2 })).toEqual({
      kind: 'shift',
      targets: Uint8Array.of(1, 0),
      values: Float32Array.of(2, 0),
    });
  });

  test('observations, knockouts and knockdowns carry no values', () => {
    expect(observe(2)).toEqual({ kind: 'none', targets: Uint8Array.of(0, 0) });
    expect(knockout(3, [2])).toEqual({ kind: 'knockout', targets: Uint8Array.of(0, 0, 1) });
    expect(knockdown(3, [0, 1])).toEqual({ kind: 'knockdown', targets: Uint8Array.of(1, 1, 0) });
  });

  test.each([
    ['a target out of range', () => doIntervention(2, { 2: 1 }), 'do target must be an integer in [0, 1], got 2'],
    ['a negative target', () => knockout(2, [-1]), 'knockout target must be an integer in [0, 1], got -1'],
    ['a value that is not a number', () => shiftIntervention(2, { 0: Number.NaN }), 'value of target 0 must be finite'],
  ])('%s is refused', (_, make, message) => {
    expect(make).toThrow(message);
  });
});

describe('validateIntervention', () => {
  const good = (): Intervention => doIntervention(2, { 0: 1 });

  test('accepts allowed kinds, observations, and experiments without targets', () => {
    expect(() => validateIntervention(good(), 2, ['do'])).not.toThrow();
    expect(() => validateIntervention(observe(2), 2, [])).not.toThrow();
    expect(() => validateIntervention(doIntervention(2, {}), 2, ['do', 'shift'])).not.toThrow();
  });

  test('ignores values that no target uses', () => {
    const intervention = { ...good(), values: Float32Array.of(1, Number.NaN) };
    expect(() => validateIntervention(intervention, 2, ['do'])).not.toThrow();
  });

  test.each<[string, Intervention, string]>([
    ['another kind', knockout(2, [0]), "kind 'knockout' is not supported here; use one of: none, do"],
    ['too few flags', { ...good(), targets: new Uint8Array(1) }, "'targets' must have 2 entries, got 1"],
    ['too many values', { ...good(), values: new Float32Array(3) }, "'values' must have 2 entries, got 3"],
    ['missing values', { kind: 'do', targets: new Uint8Array(2) }, "kind 'do' needs 'values' with 2 entries"],
    ['a flag of 2', { ...good(), targets: Uint8Array.of(0, 2) }, 'target flag 1 must be 0 or 1, got 2'],
    ['an infinite value', { ...good(), values: Float32Array.of(1 / 0, 0) }, 'target 0 must be finite, got Infinity'],
    ['a targeted observation', { kind: 'none', targets: Uint8Array.of(0, 1) }, "kind 'none' must not have targets"],
  ])('refuses %s', (_, intervention, message) => {
    expect(() => validateIntervention(intervention, 2, ['do'])).toThrow(message);
  });
});
