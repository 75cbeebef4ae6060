import { expect, test } from 'vitest';
import { History } from '../../../core/causal/history.js';
import { observe } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import {
  roundRobinFivesFull,
  roundRobinFull,
  roundRobinPairsFull,
  roundRobinTriplesFull,
} from '../../../models/strategies/round-robin.js';

const SIZE = 6;

test.each([
  { strategy: roundRobinFull, perRound: 1 },
  { strategy: roundRobinPairsFull, perRound: 2 },
  { strategy: roundRobinTriplesFull, perRound: 3 },
])(
  '$strategy.name: every variable once before any is used again, in an order that differs between systems',
  ({ strategy, perRound }) => {
    const histories = Array.from({ length: 20 }, () => new History(SIZE));
    for (const history of histories) history.append(new Float32Array(3 * SIZE), observe(SIZE));
    const orders = histories.map((): number[] => []);
    for (let step = 0; step < (2 * SIZE) / perRound; step++) {
      const streams = histories.map((_, system) => new RandomStream(`round-robin/${system}/${step}`));
      strategy
        .propose({ histories, streams, step, budget: 12, interventionKind: 'do', valueRange: 2 })
        .forEach((intervention, system) => {
          const targets = [...intervention.targets].flatMap((flag, variable) => (flag === 1 ? [variable] : []));
          expect(targets).toHaveLength(perRound);
          for (const target of targets) expect(Math.abs(intervention.values![target]!)).toBe(2);
          orders[system]!.push(...targets);
          histories[system]!.append(new Float32Array(SIZE), intervention);
        });
    }
    const everyVariable = Array.from({ length: SIZE }, (_, variable) => variable);
    for (const order of orders) {
      expect(order.slice(0, SIZE).sort()).toEqual(everyVariable);
      expect(order.slice(SIZE).sort()).toEqual(everyVariable);
    }
    expect(new Set(orders.map((order) => order.slice(0, SIZE).join())).size).toBeGreaterThan(4);
  },
);

test('more targets than variables are all variables', () => {
  const context = { step: 0, budget: 1, interventionKind: 'knockout', valueRange: 1 } as const;
  const [all] = roundRobinFivesFull.propose({
    ...context,
    histories: [new History(3)],
    streams: [new RandomStream('s')],
  });
  expect([...all!.targets]).toEqual([1, 1, 1]);
});
