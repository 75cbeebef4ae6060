import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../../core/random/stream.js';
import { ScoredSets } from '../../../../models/policy/distributions/scored-sets.js';

/** Of two variables: {0}, {1}, {0, 1} with equal and with opposite signs. */
const sets = Int8Array.of(1, 0, 0, 1, 1, 1, 1, -1);
const values = Float32Array.of(0.1, 0.4, 0.2, 0.3, 0.5, 0.1, 0.1, 0.45);
const scored = (options: object = {}) => new ScoredSets(values, { sets, size: 2, temperature: 0.1, ...options });

describe('ScoredSets', () => {
  test('takes the set of highest value in each history', () => {
    expect([...scored().best()]).toEqual([0, 1, 1, 0]);
  });

  test('draws sets as often as exp(value / temperature) says, all signs turned in half of them', () => {
    const counts = new Map<string, number>();
    const draws = 20_000;
    const stream = new RandomStream('scored-sets');
    for (let draw = 0; draw < draws; draw++) {
      const key = [...scored().draw([stream, stream])].slice(0, 2).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const weights = [0.1, 0.4, 0.2, 0.3].map((value) => Math.exp(value / 0.1));
    const total = weights.reduce((a, b) => a + b);
    const wanted = ['1,0', '0,1', '1,1', '1,-1'].map((key, s) => [key, weights[s]! / total / 2] as const);
    for (const [key, share] of wanted) {
      const turned = key
        .split(',')
        .map((sign) => 0 - Number(sign))
        .join();
      for (const own of [key, turned]) {
        const error = Math.sqrt((share * (1 - share)) / draws);
        expect(Math.abs((counts.get(own) ?? 0) / draws - share)).toBeLessThan(5 * error);
      }
    }
  });

  test('the entropy is of the targets, whatever their signs', () => {
    const shares = (own: number[]) => {
      const weights = own.map((value) => Math.exp(value / 0.1));
      const total = weights.reduce((a, b) => a + b);
      return [weights[0]! / total, weights[1]! / total, (weights[2]! + weights[3]!) / total];
    };
    const entropy = (own: number[]) => shares(own).reduce((sum, share) => sum - share * Math.log(share), 0);
    const [first, second] = scored().targetEntropies();
    expect(first).toBeCloseTo(entropy([0.1, 0.4, 0.2, 0.3]), 5);
    expect(second).toBeCloseTo(entropy([0.5, 0.1, 0.1, 0.45]), 5);
  });

  test('sets with forbidden variables are never taken; a history without any possible set is named', () => {
    const allowed = Uint8Array.of(1, 0, 0, 1);
    expect([...scored({ allowed }).best()]).toEqual([1, 0, 0, 1]);
    const streams = [new RandomStream('a'), new RandomStream('b')];
    for (let draw = 0; draw < 200; draw++)
      expect([...scored({ allowed }).draw(streams)].map(Math.abs)).toEqual([1, 0, 0, 1]);
    expect([...values]).toEqual([...Float32Array.of(0.1, 0.4, 0.2, 0.3, 0.5, 0.1, 0.1, 0.45)]);
    expect(() => scored({ allowed: Uint8Array.of(1, 0, 0, 0) })).toThrow(
      /history 1 allows too few of its 2 variables as targets/,
    );
  });

  test('large values and small temperatures stay finite', () => {
    const far = new ScoredSets(Float32Array.of(5000, -5000, 0, 1), { sets, size: 2, temperature: 1e-3 });
    expect([...far.draw([new RandomStream('far')])].map(Math.abs)).toEqual([1, 0]);
    expect(far.targetEntropies()[0]).toBe(0);
  });
});
