import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { exactPosteriorFor } from '../../../models/posterior/exact/environment-posterior.js';
import { observational } from '../../../models/strategies/observational.js';
import { roundRobinPairsFull } from '../../../models/strategies/round-robin.js';
import { designQuality } from '../../../training/posterior/design-quality.js';
import { constantReader } from '../../../training/posterior/plain-readers.js';

const environment = DesignEnvConfig.parse({
  prior: { kind: 'linear-scm', variables: 3, graph: { kind: 'erdos-renyi', degree: 0.7 } },
  initialRows: 6,
  budget: 2,
});

beforeAll(async () => {
  await useBackend();
});

describe('designQuality', () => {
  test('nobody is above the exact posterior by less than itself, and experiments tell more than observation', async () => {
    const exact = await exactPosteriorFor('exact', environment);
    const qualities = designQuality({
      environment,
      readers: [
        { name: 'exact', posterior: exact },
        { name: 'a half', posterior: constantReader(0.5) },
      ],
      exact,
      strategies: [observational, roundRobinPairsFull],
      experiments: [0, 6],
      systems: 150,
      seed: 3,
    });
    expect(qualities).toHaveLength(8);
    const of = (strategy: string, experiments: number, reader: string) =>
      qualities.find((q) => q.strategy === strategy && q.experiments === experiments && q.reader === reader)!.scores;
    for (const { reader, scores } of qualities) {
      expect(scores.datasets).toBe(150);
      if (reader === 'exact') expect(scores.aboveExact).toBeCloseTo(0, 6);
      else expect(scores.aboveExact).toBeGreaterThan(0.05);
    }
    // Both strategies start from the same rows of the same systems.
    expect(of('observational', 0, 'exact')).toEqual(of('round-robin-pairs-full', 0, 'exact'));
    expect(of('round-robin-pairs-full', 6, 'exact').crossEntropy).toBeLessThan(
      of('observational', 6, 'exact').crossEntropy,
    );
    // By definition: cross-entropy under the exact probabilities minus their own, here ln 2 minus a mean entropy.
    expect(of('observational', 0, 'a half').crossEntropy).toBeCloseTo(Math.LN2, 6);
  });

  test('without an exact posterior nothing is said of it', () => {
    const qualities = designQuality({
      environment,
      readers: [{ name: 'a half', posterior: constantReader(0.5) }],
      strategies: [observational],
      experiments: [1],
      systems: 4,
      seed: 3,
    });
    expect(qualities.map(({ scores }) => scores.aboveExact)).toEqual([undefined]);
  });
});
