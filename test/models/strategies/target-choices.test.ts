import { describe, expect, test } from 'vitest';
import { History } from '../../../core/causal/history.js';
import { RandomStream } from '../../../core/random/stream.js';
import { leastTargeted, oneRandomTarget, randomTargets } from '../../../models/strategies/target-choices.js';

/** Four variables that were targets 2, 0, 1 and 0 times. */
function exampleHistory(): History {
  const history = new History(4);
  for (const targets of [
    [1, 0, 0, 0],
    [1, 0, 1, 0],
  ])
    history.append(new Float32Array(4), { kind: 'knockout', targets: Uint8Array.from(targets) });
  return history;
}

const drawn = (count: number) => Array.from({ length: count }, (_, k) => new RandomStream(`choices/${k}`));

describe('leastTargeted', () => {
  test('gives the least targeted, at random among equals', () => {
    const history = exampleHistory();
    expect([...leastTargeted(3)(history, new RandomStream('three'))]).toEqual([0, 1, 1, 1]);
    const first = drawn(200).filter((stream) => leastTargeted(1)(history, stream)[1] === 1).length;
    // A fair coin 200 times has standard deviation 7.
    expect(Math.abs(first - 100)).toBeLessThan(36);
    for (const stream of drawn(20)) expect([...leastTargeted(2)(history, stream)]).toEqual([0, 1, 0, 1]);
  });

  test('more than there are gives all; no rows at all are no obstacle', () => {
    expect([...leastTargeted(9)(exampleHistory(), new RandomStream('all'))]).toEqual([1, 1, 1, 1]);
    const [a, b] = leastTargeted(1)(new History(2), new RandomStream('none'));
    expect(a! + b!).toBe(1);
  });

  test('forbidden variables are passed over', () => {
    for (const stream of drawn(20))
      expect([...leastTargeted(2)(exampleHistory(), stream, Uint8Array.of(1, 0, 1, 0))]).toEqual([1, 0, 1, 0]);
  });
});

test('random targets: each with probability 1/2; forbidden ones never, and the others as without a mask', () => {
  const history = new History(8);
  const flags = drawn(400).flatMap((stream) => [...randomTargets(history, stream)]);
  const share = flags.reduce<number>((sum, flag) => sum + flag, 0) / flags.length;
  expect(Math.abs(share - 0.5)).toBeLessThan(0.05);
  const allowed = Uint8Array.of(1, 1, 0, 0, 1, 1, 1, 1);
  const free = randomTargets(history, new RandomStream('mask'));
  const masked = randomTargets(history, new RandomStream('mask'), allowed);
  expect([...masked]).toEqual([...free].map((flag, variable) => flag * allowed[variable]!));
});

test('one random target: exactly one of the allowed, none where none is', () => {
  const history = new History(5);
  const counts = new Array<number>(5).fill(0);
  for (const stream of drawn(600)) {
    const flags = oneRandomTarget(history, stream, Uint8Array.of(1, 0, 1, 0, 1));
    expect(flags.reduce((sum, flag) => sum + flag, 0)).toBe(1);
    counts[flags.indexOf(1)]!++;
  }
  // Expected 200 each, standard deviation 12.
  for (const variable of [0, 2, 4]) expect(Math.abs(counts[variable]! - 200)).toBeLessThan(60);
  expect([...oneRandomTarget(history, new RandomStream('none'), new Uint8Array(5))]).toEqual([0, 0, 0, 0, 0]);
});
