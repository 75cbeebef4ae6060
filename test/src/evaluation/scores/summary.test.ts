import { describe, expect, test } from 'vitest';
import { StrategyScores } from '../../../../src/evaluation/scores/scores.js';
import { bestSimpleStrategy, type ResultRow, summarize } from '../../../../src/evaluation/scores/summary.js';

const SYSTEMS = 40;

/** Scores of one metric at rounds 0 and 1: `value(system, round)`. */
function scores(
  strategy: string,
  value: (system: number, round: number) => number,
  environment = 'training',
): StrategyScores {
  const table = new StrategyScores({
    task: 'structure',
    environment,
    strategy,
    metrics: ['return'],
    rounds: 1,
    systems: SYSTEMS,
  });
  const figures = Array.from({ length: SYSTEMS }, (_, system) => [value(system, 0), value(system, 1)]);
  table.append(Float64Array.from(figures.flat()));
  return table;
}

const options = { seed: 1, reference: 'random', bootstrapSamples: 300 };

describe('summarize', () => {
  const wave = (system: number): number => 10 * Math.sin(system);

  test('gives a row per strategy, metric and round with mean, interval and n', () => {
    const { results } = summarize([scores('random', (system, round) => wave(system) + round)], options);
    expect(results.map(({ round }) => round)).toEqual([0, 1]);
    const mean = Array.from({ length: SYSTEMS }, (_, system) => wave(system)).reduce((a, b) => a + b) / SYSTEMS;
    const [first, second] = results;
    expect(first).toMatchObject({ task: 'structure', environment: 'training', strategy: 'random', metric: 'return' });
    expect(first!.mean).toBeCloseTo(mean, 10);
    expect(second!.mean).toBeCloseTo(mean + 1, 10);
    expect(first!.n).toBe(SYSTEMS);
    expect(first!.ci95[0]!).toBeLessThan(mean);
    expect(first!.ci95[1]!).toBeGreaterThan(mean);
  });

  test('pairing removes what systems have in common: a constant lead has an interval without width', () => {
    const { results, differences } = summarize(
      [scores('policy', (system) => wave(system) + 0.25), scores('random', wave)],
      options,
    );
    const lead = differences.find((row) => row.strategy === 'policy' && row.round === 1)!;
    expect(lead.reference).toBe('random');
    expect(lead.mean).toBeCloseTo(0.25, 10);
    expect(lead.ci95[0]).toBeCloseTo(0.25, 10);
    expect(lead.ci95[1]).toBeCloseTo(0.25, 10);
    expect(results[1]!.ci95[1]! - results[1]!.ci95[0]!).toBeGreaterThan(2);
  });

  test('differences are also taken to the best simple strategy of each environment', () => {
    const tables = [
      scores('policy', () => 3),
      scores('random', () => 1),
      scores('round-robin-full', () => 2),
      scores('policy', () => 3, 'scale-free'),
      scores('random', () => 1, 'scale-free'),
      scores('random-full', () => 5, 'scale-free'),
    ];
    const { differences } = summarize(tables, options);
    const means = differences
      .filter(({ strategy, round }) => strategy === 'policy' && round === 1)
      .map(({ environment, reference, mean }) => [environment, reference, mean]);
    expect(means).toEqual([
      ['training', 'random', 2],
      ['training', 'round-robin-full', 1],
      ['scale-free', 'random', 2],
      ['scale-free', 'random-full', -2],
    ]);
  });

  test('a figure that no system has is null, one that some have says how many', () => {
    const { results } = summarize(
      [scores('random', (system, round) => (round === 0 || system < 5 ? Number.NaN : 1))],
      options,
    );
    expect(results[0]).toMatchObject({ mean: null, ci95: [null, null], n: 0 });
    expect(results[1]).toMatchObject({ mean: 1, ci95: [1, 1], n: SYSTEMS - 5 });
  });

  test('intervals do not depend on which strategies are evaluated together', () => {
    const alone = summarize([scores('random', wave)], options).results;
    const together = summarize([scores('policy', () => 1), scores('random', wave)], options).results;
    expect(together.filter(({ strategy }) => strategy === 'random')).toEqual(alone);
  });
});

describe('bestSimpleStrategy', () => {
  const row = (strategy: string, mean: number | null, round: number, metric = 'return'): ResultRow => ({
    task: 'structure',
    environment: 'training',
    strategy,
    metric,
    round,
    mean,
    ci95: [mean, mean],
    n: 1,
  });
  const where = { task: 'structure', environment: 'training' } as const;

  test('looks at the first metric after the last experiment and leaves trained policies out', () => {
    const rows = [
      row('random', 9, 0),
      row('random', 2, 1),
      row('observational', 1, 0),
      row('observational', 3, 1),
      row('policy', 8, 1),
    ];
    expect(bestSimpleStrategy(rows, where)).toBe('observational');
  });

  test('lower is better for distances', () => {
    const rows = [row('random', 2, 1, 'expectedShd'), row('observational', 3, 1, 'expectedShd')];
    expect(bestSimpleStrategy(rows, where)).toBe('random');
  });

  test('is undefined where none was evaluated', () => {
    expect(bestSimpleStrategy([row('policy', 1, 0)], where)).toBeUndefined();
    expect(bestSimpleStrategy([row('random', null, 0)], where)).toBeUndefined();
    expect(bestSimpleStrategy([], where)).toBeUndefined();
  });
});
