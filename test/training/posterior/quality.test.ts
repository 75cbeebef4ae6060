import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../core/backend/backend.js';
import { RandomStream } from '../../../core/random/stream.js';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { AmortizedGraphPosterior } from '../../../models/posterior/amortized-graph-posterior.js';
import { GraphPosteriorConfig } from '../../../models/posterior/graph-posterior-config.js';
import { posteriorQuality } from '../../../training/posterior/quality.js';

let posterior: AmortizedGraphPosterior;
beforeAll(async () => {
  await useBackend({ threads: 1 });
  const config = GraphPosteriorConfig.parse({ width: 8, heads: 2, pairs: 1 });
  posterior = new AmortizedGraphPosterior(config, new RandomStream('quality'));
});

const environmentOf = (overrides: object = {}) =>
  DesignEnvConfig.parse({
    prior: { kind: 'linear-scm', variables: 3, graph: { degree: 0.5 } },
    initialRows: 10,
    budget: 3,
    ...overrides,
  });

test('half to four times the rows, then one to four times the experiments of both kinds', () => {
  const rows = posteriorQuality(posterior, environmentOf(), { datasets: 2, seed: 1 });
  expect(rows.map(({ data, observationalRows, experiments }) => [data, observationalRows, experiments])).toEqual([
    ['observational', 5, 0],
    ['observational', 10, 0],
    ['observational', 20, 0],
    ['observational', 40, 0],
    ['random multi-target experiments', 10, 3],
    ['round-robin experiments, full strength', 10, 3],
    ['random multi-target experiments', 10, 6],
    ['round-robin experiments, full strength', 10, 6],
    ['random multi-target experiments', 10, 12],
    ['round-robin experiments, full strength', 10, 12],
  ]);
  for (const { scores } of rows) expect(scores.datasets).toBe(2);
  expect(posteriorQuality(posterior, environmentOf({ budget: 0 }), { datasets: 1, seed: 1 })).toHaveLength(4);
});

test('a seed names the systems; more batches of datasets are other datasets', () => {
  const environment = environmentOf({ budget: 0 });
  const one = posteriorQuality(posterior, environment, { datasets: 40, seed: 1 });
  expect(posteriorQuality(posterior, environment, { datasets: 40, seed: 1 })).toEqual(one);
  const other = posteriorQuality(posterior, environment, { datasets: 40, seed: 2 });
  expect(other[3]!.scores.crossEntropy).not.toBe(one[3]!.scores.crossEntropy);
  // 512 datasets in batches of 256: the second one would repeat the first one's scores.
  const [half, whole] = [256, 512].map(
    (datasets) => posteriorQuality(posterior, environment, { datasets, seed: 1 })[0]!.scores.edgeRate,
  );
  expect(whole).not.toBe(half);
});

test('correlations rank skeletons: well above chance with many rows, and equally for both directions', () => {
  const { correlation } = posteriorQuality(posterior, environmentOf({ budget: 0, initialRows: 100 }), {
    datasets: 100,
    seed: 1,
  }).at(-1)!;
  // Directions are unknown, so that half of the entries of an edge's pair are wrong.
  expect(correlation.auroc).toBeGreaterThan(0.65);
  expect(correlation.auroc).toBeLessThan(0.9);
  expect(correlation.averagePrecision).toBeGreaterThan(0.35);
  expect(correlation.averagePrecision).toBeLessThan(0.7);
});
