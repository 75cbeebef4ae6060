import { expect, test } from 'vitest';
import { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { exactPosteriorFor } from '../../../models/posterior/exact/environment-posterior.js';
import { graphDrawQuality } from '../../../training/posterior/graph-draw-quality.js';

const environment = DesignEnvConfig.parse({
  prior: { kind: 'linear-scm', variables: 4, graph: { degree: 1 } },
  initialRows: 10,
  budget: 3,
});

test('from exact edge probabilities: fitting gains most of what the exact posterior knows of whole graphs', async () => {
  const exact = await exactPosteriorFor('exact', environment);
  const qualities = graphDrawQuality(exact, environment, { datasets: 60, seed: 1, draws: 50, exact });
  expect(qualities.map(({ draws }) => draws)).toEqual([
    'edge by edge',
    'given no cycle',
    'fitted to the edges',
    'exact posterior',
  ]);
  const [independent, conditioned, fitted, limit] = qualities as [
    (typeof qualities)[0],
    (typeof qualities)[0],
    (typeof qualities)[0],
    (typeof qualities)[0],
  ];
  expect(limit.logScore).toBeGreaterThan(fitted.logScore);
  expect(fitted.logScore).toBeGreaterThan(conditioned.logScore);
  expect(fitted.logScore).toBeGreaterThan(independent.logScore);
  expect(independent.acyclic).toBeLessThan(1);
  for (const { acyclic } of [conditioned, fitted, limit]) expect(acyclic).toBe(1);
  expect(fitted.pathCrossEntropy).toBeLessThan(independent.pathCrossEntropy);
  // The same edge probabilities: the same expected distance but for pairs drawn in both directions, up to noise.
  expect(Math.abs(fitted.expectedShd - limit.expectedShd)).toBeLessThan(0.1);
});

test('the same seed gives the same figures, and no exact row without an exact posterior', async () => {
  const posterior = await exactPosteriorFor('scale-free', environment);
  const options = { datasets: 5, seed: 2, draws: 10 };
  const figures = graphDrawQuality(posterior, environment, options);
  expect(graphDrawQuality(posterior, environment, options)).toEqual(figures);
  expect(figures).toHaveLength(3);
});
