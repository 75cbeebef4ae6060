import { expect, test } from 'vitest';
import { History } from '../../../core/causal/history.js';
import { leastTargeted } from '../../../core/causal/least-targeted.js';
import { RandomStream } from '../../../core/random/stream.js';

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

test('gives the least targeted first, at random among equals', () => {
  const history = exampleHistory();
  const firsts = Array.from({ length: 200 }, (_, k) => leastTargeted(history, 3, new RandomStream(`least/${k}`)));
  for (const chosen of firsts) {
    expect(chosen.slice(0, 2).sort()).toEqual([1, 3]);
    expect(chosen[2]).toBe(2);
  }
  // A fair coin 200 times has standard deviation 7.
  const ones = firsts.filter(([first]) => first === 1).length;
  expect(Math.abs(ones - 100)).toBeLessThan(36);
});

test('more than there are gives all; no rows at all are no obstacle', () => {
  expect(leastTargeted(exampleHistory(), 9, new RandomStream('all')).sort()).toEqual([0, 1, 2, 3]);
  expect(leastTargeted(new History(2), 1, new RandomStream('none'))).toHaveLength(1);
});
