import { describe, expect, test } from 'vitest';
import { observe } from '../../../core/causal/intervention.js';
import { RandomStream } from '../../../core/random/stream.js';
import { LinearScmConfig } from '../../../envs/linear-scm/config.js';
import type { LinearScm } from '../../../envs/linear-scm/linear-scm.js';
import { LinearScmPrior } from '../../../envs/linear-scm/linear-scm-prior.js';

function sampleModels(config: Record<string, unknown>, count: number): LinearScm[] {
  const prior = new LinearScmPrior(LinearScmConfig.parse({ kind: 'linear-scm', ...config }));
  const stream = new RandomStream('linear-scm-prior');
  return Array.from({ length: count }, (_, k) => prior.sample(stream.child(k)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Coefficients of all edges, divided by their standard deviation 1 / sqrt(in-degree). */
function standardised(models: readonly LinearScm[], around = 0): number[] {
  return models.flatMap((model) =>
    [...model.coefficients].flatMap((coefficient, entry) => {
      if (model.graph.adjacency[entry] === 0) return [];
      const inDegree = model.graph.parents(entry % model.size).length;
      return [(coefficient - around) * Math.sqrt(inDegree)];
    }),
  );
}

describe('LinearScmPrior', () => {
  test('coefficients are N(0, 1 / in-degree) on the edges and 0 elsewhere', () => {
    const models = sampleModels({}, 300);
    const coefficients = standardised(models);
    expect(Math.abs(mean(coefficients))).toBeLessThan(4 / Math.sqrt(coefficients.length));
    expect(Math.abs(mean(coefficients.map((c) => c * c)) - 1)).toBeLessThan(4 * Math.sqrt(2 / coefficients.length));
    for (const model of models)
      model.coefficients.forEach((coefficient, entry) => {
        expect(coefficient !== 0).toBe(model.graph.adjacency[entry] === 1);
      });
  });

  test('a coefficient mean has a random sign: mean 0, larger spread', () => {
    const models = sampleModels({ graph: { degree: 0.5 }, variables: 2, coefficients: { mean: 3 } }, 6000);
    const coefficients = standardised(models);
    const variance = mean(coefficients.map((c) => c * c));
    expect(Math.abs(mean(coefficients))).toBeLessThan(4 * Math.sqrt(10 / coefficients.length));
    expect(Math.abs(variance - 10)).toBeLessThan(0.6);
    const sizes = coefficients.map(Math.abs);
    expect(Math.abs(mean(sizes) - 3)).toBeLessThan(0.1);
  });

  test('squared noise scales are InvGamma(10, 1): mean 1 / 9, variance 1 / 648', () => {
    const squares = sampleModels({}, 1000).flatMap((model) =>
      model.noise.kind === 'heteroskedastic' ? [] : [...model.noise.scales].map((scale) => scale ** 2),
    );
    expect(squares).toHaveLength(10_000);
    expect(Math.abs(mean(squares) - 1 / 9)).toBeLessThan(4 / Math.sqrt(648 * squares.length));
    expect(Math.abs(mean(squares.map((s) => (s - 1 / 9) ** 2)) * 648 - 1)).toBeLessThan(0.15);
  });

  test('heteroskedastic scale functions have the output scale as standard deviation', () => {
    const outputs = sampleModels({ noise: { kind: 'heteroskedastic', outputScale: 2 } }, 200).flatMap((model) => {
      if (model.noise.kind !== 'heteroskedastic') return [];
      const functions = model.noise.scaleFunctions;
      expect(functions.map((f) => f.frequencies.length / f.weights.length)).toEqual(
        Array.from({ length: 10 }, (_, child) => model.graph.parents(child).length),
      );
      return functions.map((f) => f.evaluate(new Float64Array(10).fill(0.5)));
    });
    expect(Math.abs(mean(outputs.map((g) => g * g)) - 4)).toBeLessThan(4 * Math.sqrt(32 / outputs.length));
  });

  test('the same stream gives the same system', () => {
    const [first, second] = [sampleModels({}, 1)[0]!, sampleModels({}, 1)[0]!];
    expect(second.coefficients).toEqual(first.coefficients);
    expect(second.noise).toEqual(first.noise);
  });

  test.each(['gaussian', 'laplace', 'gumbel', 'heteroskedastic'])('one variable works with %s noise', (kind) => {
    const [model] = sampleModels({ variables: 1, noise: { kind } }, 1);
    const samples = model!.sample(observe(1), 20, new RandomStream('single'));
    expect(samples.every(Number.isFinite)).toBe(true);
    expect(new Set(samples).size).toBeGreaterThan(15);
  });
});

describe('LinearScmConfig', () => {
  test('defaults are the published training prior', () => {
    expect(LinearScmConfig.parse({ kind: 'linear-scm' })).toMatchObject({
      variables: 10,
      graph: { kind: 'erdos-renyi', degree: 3 },
      coefficients: { mean: 0 },
      noise: { kind: 'gaussian', varianceShape: 10, varianceScale: 1, features: 100, lengthScale: 10, outputScale: 2 },
    });
  });

  test.each([
    [{ variabels: 5 }, 'variabels'],
    [{ graph: { degre: 2 } }, 'degre'],
    [{ noise: { kind: 'cauchy' } }, 'kind'],
    [{ variables: 0 }, 'variables'],
    [{ coefficients: { mean: -1 } }, 'mean'],
  ])('%j is refused', (config, named) => {
    const result = LinearScmConfig.safeParse({ kind: 'linear-scm', ...config });
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error!.issues)).toContain(named);
  });
});
