import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { DatasetSpec } from '../../../envs/simulation/config.js';
import { simulateSystems } from '../../../envs/simulation/simulate-datasets.js';
import { WorldMixture } from '../../../envs/simulation/world-mixture.js';

const specOf = (data: Record<string, unknown>) =>
  DatasetSpec.parse({
    environment: { prior: { kind: 'linear-scm', variables: 4 }, initialRows: 4, budget: 2 },
    data,
  });
const noises = [{}, { prior: { noise: { kind: 'laplace' } } }];
const kinds = [{}, { interventionKind: 'shift' }];

describe('WorldMixture', () => {
  test('without sizes and variations there is the environment alone', () => {
    const spec = specOf({});
    expect([...new WorldMixture(spec).worlds].map(({ environment }) => environment)).toEqual([spec.environment]);
  });

  test('holds each size with each combination of variations', () => {
    const worlds = [...new WorldMixture(specOf({ sizes: [2, 5], variations: [noises, kinds] })).worlds];
    const described = worlds.map(({ environment: { prior, interventionKind }, prior: systems }) => {
      expect(systems.size).toBe(prior.variables);
      return [prior.variables, prior.kind === 'linear-scm' && prior.noise.kind, interventionKind].join(' ');
    });
    expect(described.sort()).toEqual(
      [2, 5]
        .flatMap((size) =>
          ['gaussian', 'laplace'].flatMap((noise) => ['do', 'shift'].map((kind) => `${size} ${noise} ${kind}`)),
        )
        .sort(),
    );
  });

  test('a batch has one size, its datasets draw a variation of each list, all about as often', () => {
    const spec = specOf({ sizes: [2, 2, 5], variations: [noises, kinds] });
    const sizes: number[] = [];
    const counts = new Map<string, number>();
    for (let batch = 0; batch < 60; batch++) {
      const systems = simulateSystems({ spec, count: 20, stream: new RandomStream(`mixture/${batch}`) });
      sizes.push(systems[0]!.graph.size);
      for (const { graph, history, world } of systems) {
        expect([graph.size, history.size]).toEqual([sizes.at(-1), sizes.at(-1)]);
        const { prior, interventionKind } = world.environment;
        const key = `${prior.kind === 'linear-scm' ? prior.noise.kind : ''} ${interventionKind}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
        for (const kind of history.kinds) expect(['none', interventionKind]).toContain(kind);
      }
    }
    const small = sizes.filter((size) => size === 2).length;
    expect(small).toBeGreaterThan(28);
    expect(small).toBeLessThan(52);
    expect(counts.size).toBe(4);
    for (const count of counts.values()) expect(Math.abs(count - 300)).toBeLessThan(60);
  });

  test('variations do not change what the rest of a dataset draws', () => {
    const stream = new RandomStream('mixture/same');
    const plain = simulateSystems({ spec: specOf({}), count: 5, stream });
    const varied = simulateSystems({ spec: specOf({ variations: [[{}]] }), count: 5, stream });
    expect(varied.map(({ history }) => history)).toEqual(plain.map(({ history }) => history));
  });

  test.each([
    [
      { prior: { variables: 3 } },
      /variations\[0\]\[0\] changes the number of variables; list them in 'posterior.data.sizes'/,
    ],
    [{ initialRows: 9 }, /variations\[0\]\[0\] changes 'initialRows'; set 'environment.initialRows' with/],
    [{ prior: { noise: { kind: 'cauchy' } } }, /variations\[0\]\[0\] gives a config that is not valid/],
    [{ prior: { kind: 'sergio' } }, /variations\[0\]\[0\] is about 'sergio' systems/],
    [{ noise: 'laplace' }, /variations\[0\]\[0\] gives a config that is not valid: .*noise/],
  ])('refuses the variation %j', (variation, sentence) => {
    expect(() => new WorldMixture(specOf({ variations: [[variation]] }))).toThrow(sentence);
  });
});
