import fc from 'fast-check';
import seedrandom from 'seedrandom';
import { describe, expect, test } from 'vitest';
import { RandomStream, type RandomStreamState } from '../../../core/random/stream.js';

const COUNT = 20_000;

function draw(count: number, next: () => number): number[] {
  return Array.from({ length: count }, next);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function correlation(first: readonly number[], second: readonly number[]): number {
  const [a, b] = [mean(first), mean(second)];
  const covariance = mean(first.map((value, k) => (value - a) * (second[k]! - b)));
  const variance = (values: readonly number[], centre: number) => mean(values.map((value) => (value - centre) ** 2));
  return covariance / Math.sqrt(variance(first, a) * variance(second, b));
}

describe('names', () => {
  test('a stream is the alea generator of its name', () => {
    const reference = seedrandom.alea('run/42/episode/7/noise');
    const stream = new RandomStream('run/42').child('episode', 7, 'noise');
    expect(draw(100, () => stream.uniform())).toEqual(draw(100, () => reference()));
  });

  test('a child does not depend on what its parent has produced', () => {
    const fresh = new RandomStream('a');
    const used = new RandomStream('a');
    draw(17, () => used.normal());
    expect(used.child('b').uniform()).toBe(fresh.child('b').uniform());
  });

  test('streams of neighbouring names are uniform and uncorrelated', () => {
    const parent = new RandomStream('neighbours');
    const streams = Array.from({ length: COUNT }, (_, k) => parent.child(k));
    const first = streams.map((stream) => stream.uniform());
    const second = streams.map((stream) => stream.uniform());
    expect(Math.abs(mean(first) - 0.5)).toBeLessThan(4 / Math.sqrt(12 * COUNT));
    expect(Math.abs(correlation(first, second))).toBeLessThan(4 / Math.sqrt(COUNT));
    expect(Math.abs(correlation(first.slice(1), first.slice(0, -1)))).toBeLessThan(4 / Math.sqrt(COUNT));
    expect(new Set(first).size).toBeGreaterThan(COUNT - 5);
  });
});

describe('state', () => {
  test('a restored stream continues exactly, through JSON and with a spare normal', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 9 }),
        (name, uniforms, normals) => {
          const stream = new RandomStream(name);
          draw(uniforms, () => stream.uniform());
          draw(normals, () => stream.normal());
          const state = JSON.parse(JSON.stringify(stream.state())) as RandomStreamState;
          const continued = RandomStream.restore(state);
          const mixed = (from: RandomStream) =>
            draw(9, () => from.normal()).concat(
              draw(3, () => from.integer(1000)),
              from.name.length,
            );
          expect(mixed(continued)).toEqual(mixed(stream));
        },
      ),
    );
  });

  test('taking the state changes nothing', () => {
    const [first, second] = [new RandomStream('s'), new RandomStream('s')];
    first.state();
    expect(draw(5, () => first.normal())).toEqual(draw(5, () => second.normal()));
  });
});

describe('draws', () => {
  test('integers are uniform over their range', () => {
    const stream = new RandomStream('integers');
    const counts = new Array<number>(7).fill(0);
    for (const value of draw(COUNT, () => stream.integer(7))) counts[value]! += 1;
    const chiSquared = counts.reduce((sum, count) => sum + (count - COUNT / 7) ** 2 / (COUNT / 7), 0);
    expect(chiSquared).toBeLessThan(22.5); // 0.1 % point with 6 degrees of freedom
  });

  test('open uniforms stay inside (0, 1) even where the generator gives 0', () => {
    const stream = RandomStream.restore({ name: '', generator: { c: 0, s0: 0, s1: 0, s2: 0 }, spareNormal: null });
    expect(RandomStream.restore(stream.state()).uniform()).toBe(0);
    expect(stream.openUniform()).toBeGreaterThan(0);
    expect(1 - 2 ** -32 + 2 ** -33).toBeLessThan(1);
  });

  test('bernoulli and sign have their means', () => {
    const stream = new RandomStream('coins');
    const rate = mean(draw(COUNT, () => (stream.bernoulli(0.3) ? 1 : 0)));
    expect(Math.abs(rate - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / COUNT));
    expect(Math.abs(mean(draw(COUNT, () => stream.sign())))).toBeLessThan(4 / Math.sqrt(COUNT));
    expect(draw(50, () => (stream.bernoulli(0) ? 1 : 0))).not.toContain(1);
    expect(draw(50, () => (stream.bernoulli(1) ? 1 : 0))).not.toContain(0);
  });

  test('normals: moments up to the fourth, no correlation between the two of a pair', () => {
    const stream = new RandomStream('normals');
    const values = draw(4 * COUNT, () => stream.normal());
    const moment = (power: number) => mean(values.map((value) => value ** power));
    const error = (variance: number) => 4 * Math.sqrt(variance / values.length);
    expect(Math.abs(moment(1))).toBeLessThan(error(1));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(error(2));
    expect(Math.abs(moment(3))).toBeLessThan(error(15));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(error(96));
    expect(Math.abs(correlation(values.slice(1), values.slice(0, -1)))).toBeLessThan(error(1));
  });

  test('filling equals drawing one by one', () => {
    const [filled, drawn] = [new RandomStream('fill'), new RandomStream('fill')];
    expect(Array.from(filled.fillNormal(new Float64Array(5), 2, 3))).toEqual(draw(5, () => 2 + 3 * drawn.normal()));
    expect(Array.from(filled.fillUniform(new Float64Array(5), -1, 1))).toEqual(draw(5, () => -1 + 2 * drawn.uniform()));
  });

  test('permutations are permutations, and all equally likely', () => {
    const stream = new RandomStream('permutations');
    const counts = new Map<string, number>();
    for (let k = 0; k < 6000; k++) {
      const order = stream.permutation(3).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210']);
    const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquared).toBeLessThan(20.5); // 0.1 % point with 5 degrees of freedom
    expect(stream.permutation(0)).toHaveLength(0);
  });

  test('choose gives different numbers of the range', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(), (count, seed) => {
        const chosen = seed % (count + 1);
        const numbers = [...new RandomStream(`choose/${seed}`).choose(count, chosen)];
        expect(new Set(numbers).size).toBe(chosen);
        expect(numbers.every((number) => number >= 0 && number < count)).toBe(true);
      }),
    );
  });

  test('weighted indices follow their weights; a weight of 0 is never drawn', () => {
    const stream = new RandomStream('weights');
    const drawn = draw(COUNT, () => stream.weightedIndex([1, 0, 3]));
    expect(drawn).not.toContain(1);
    expect(Math.abs(mean(drawn.map((index) => (index === 2 ? 1 : 0))) - 0.75)).toBeLessThan(0.0125);
  });

  test('bad arguments are named', () => {
    const stream = new RandomStream('bad');
    expect(() => stream.integer(0)).toThrow("'maximumExclusive' must be a positive integer, got 0");
    expect(() => stream.choose(3, 4)).toThrow("'chosen' must be an integer in [0, 3], got 4");
    expect(() => stream.weightedIndex([1, -1])).toThrow('weights must not be negative, got -1 at 1');
    expect(() => stream.weightedIndex([0, 0])).toThrow('positive, finite sum, got 0');
  });
});
