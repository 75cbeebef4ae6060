import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RandomStream } from '../../../../core/random/stream.js';
import { DesignEnvConfig } from '../../../../envs/design/design-env-config.js';
import { saveGraphPosterior } from '../../../../models/checkpoints.js';
import { AmortizedGraphPosterior } from '../../../../models/posterior/amortized-graph-posterior.js';
import { GraphPosteriorConfig } from '../../../../models/posterior/graph-posterior-config.js';
import { CORRELATION, compareReaders, type ReaderQuality } from '../../../../src/evaluation/readers/compare-readers.js';
import { readerTables } from '../../../../src/evaluation/readers/reader-table.js';
import { loadExperimentConfig } from '../../../../training/config/experiment-config.js';

let root = '';
let qualities: ReaderQuality[] = [];
const config = loadExperimentConfig({
  preset: 'smoke',
  overrides: ['environment.prior.variables=3', 'environment.initialRows=6', 'environment.budget=2'],
});

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'causal-pilot-readers-'));
  const network = GraphPosteriorConfig.parse({ width: 8, heads: 2, pairs: 1 });
  const model = new AmortizedGraphPosterior(network, new RandomStream('readers'));
  const environment = DesignEnvConfig.parse(config.environment);
  await saveGraphPosterior(join(root, 'own'), model, { step: 1, metrics: {}, environment, seed: 1 });
  model.dispose();
  qualities = await compareReaders({
    config,
    posteriors: [join(root, 'own')],
    strategies: ['observational', 'round-robin-full'],
    environments: ['training', 'scale-free'],
    experiments: [0, 2],
    systems: 30,
  });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const of = (environment: string, strategy: string, experiments: number) =>
  qualities.filter(
    (quality) =>
      quality.environment === environment && quality.strategy === strategy && quality.experiments === experiments,
  );

describe('compareReaders', () => {
  test('has the exact posterior where it is defined, the scale-free one named for what it is elsewhere', () => {
    expect(of('training', 'observational', 0).map(({ reader }) => reader)).toEqual([
      'own',
      'exact',
      'scale-free',
      CORRELATION,
    ]);
    expect(of('scale-free', 'observational', 0).map(({ reader }) => reader)).toEqual([
      'own',
      'scale-free, misspecified: graphs are scale-free, not edges of equal probability',
      CORRELATION,
    ]);
  });

  test('no reader is nearer to the exact one than itself, and what a strategy did not measure yet is the same for all', () => {
    const [own, exact, scaleFree] = of('training', 'round-robin-full', 2).map(({ scores }) => scores);
    expect(exact!.aboveExact).toBe(0);
    expect(own!.aboveExact).toBeGreaterThan(0);
    expect(scaleFree!.aboveExact).toBeGreaterThan(0);
    expect(of('training', 'round-robin-full', 0).map(({ scores }) => scores)).toEqual(
      of('training', 'observational', 0).map(({ scores }) => scores),
    );
    expect(own!.datasets).toBe(30);
  });

  test('tables have a row for every reader and one for the edge rate', () => {
    const [training, laplace] = readerTables(qualities);
    expect(training!.rows).toHaveLength(2 * 2 * 5);
    expect(laplace!.rows).toHaveLength(2 * 2 * 4);
    expect(training!.title).toContain('30 systems');
    const names = training!.rows.slice(0, 5).map((row) => row[2]);
    expect(names).toEqual(['own', 'exact', 'scale-free', CORRELATION, 'edge rate alone']);
  });

  test('two posteriors of one name are refused', async () => {
    const twice = [join(root, 'own'), join(root, 'own')];
    await expect(
      compareReaders({
        config,
        posteriors: twice,
        strategies: ['random'],
        environments: ['training'],
        experiments: [0],
        systems: 2,
      }),
    ).rejects.toThrow("two posteriors are called 'own'");
  });
});
