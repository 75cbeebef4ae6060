import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../../core/random/stream.js';
import { listTrials, parseVariation, trialOverrides } from '../../../../src/cli/sweep/search-space.js';

const stream = () => new RandomStream('sweep-test');

describe('parseVariation', () => {
  test('reads lists and ranges', () => {
    expect(parseVariation('policy.head.kind=[single, subset]')).toEqual({
      option: 'policy.head.kind',
      choices: ['single', 'subset'],
    });
    expect(parseVariation('a.b={ from: 1e-4, to: 1e-2, scale: log }').choices).toEqual({
      from: 1e-4,
      to: 1e-2,
      scale: 'log',
      integer: false,
    });
  });

  test.each([
    ['seed', /there is no option before an equals sign/],
    ['=[1]', /there is no option before an equals sign/],
    ['seed=[]', /the list of values is empty/],
    ['seed=3', /neither a list nor a range/],
    ['seed=[1', /not YAML/],
    ['rate={ from: 2, to: 1 }', /'from' must be below 'to'/],
    ['rate={ from: 0, to: 1, scale: log }', /above 0 on a log scale/],
    ['size={ from: 1.2, to: 1.8, integer: true }', /there is no whole number in the range/],
    ['rate={ from: 1, to: 2, step: 1 }', /neither a list nor a range/],
  ])('refuses %s', (text, message) => {
    expect(() => parseVariation(text)).toThrow(message);
  });
});

describe('listTrials', () => {
  const a = { option: 'a', choices: [1, 2] };
  const b = { option: 'b.c', choices: ['x', { kind: 'y' }, null] };

  test('the grid is every combination, once, in order', () => {
    const trials = listTrials([a, b], { stream: stream() });
    expect(trials.map(({ values }) => [values.a, values['b.c']])).toEqual([
      [1, 'x'],
      [1, { kind: 'y' }],
      [1, null],
      [2, 'x'],
      [2, { kind: 'y' }],
      [2, null],
    ]);
    expect(trials.map(trialOverrides)[1]).toEqual(['a=1', 'b.c={ kind: y }']);
  });

  test('draws of lists differ from each other and repeat with the same stream', () => {
    const draw = () => listTrials([a, b], { draws: 5, stream: stream() }).map(({ values }) => JSON.stringify(values));
    expect(new Set(draw()).size).toBe(5);
    expect(draw()).toEqual(draw());
  });

  test('ranges are covered on their scale', () => {
    const rate = { option: 'rate', choices: { from: 1e-4, to: 1, scale: 'log', integer: false } } as const;
    const count = { option: 'count', choices: { from: 1, to: 4, scale: 'linear', integer: true } } as const;
    const trials = listTrials([rate, count], { draws: 400, stream: stream() });
    const rates = trials.map(({ values }) => values.rate as number);
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(1e-4);
    expect(Math.max(...rates)).toBeLessThanOrEqual(1);
    // Half of a log-uniform draw lies below the geometric mean: 5 standard errors of a fair coin.
    expect(Math.abs(rates.filter((value) => value < 1e-2).length / 400 - 0.5)).toBeLessThan(0.125);
    expect(new Set(trials.map(({ values }) => values.count))).toEqual(new Set([1, 2, 3, 4]));
  });

  test('what cannot be searched is refused', () => {
    const range = { option: 'r', choices: { from: 0, to: 1, scale: 'linear', integer: false } } as const;
    expect(() => listTrials([range], { stream: stream() })).toThrow(/a range cannot be listed.*--draws/);
    expect(() => listTrials([a], { draws: 3, stream: stream() })).toThrow(/only 2 combinations/);
    expect(() => listTrials([a, a], { stream: stream() })).toThrow(/--vary a: the option varies twice/);
  });
});
