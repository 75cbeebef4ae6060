import { describe, expect, test } from 'vitest';
import { CausalGraph } from '../../../core/causal/graph.js';
import { RandomStream } from '../../../core/random/stream.js';
import { LinearScmConfig } from '../../../envs/linear-scm/config.js';
import { LinearScmPrior } from '../../../envs/linear-scm/linear-scm-prior.js';
import { DatasetSpec } from '../../../envs/simulation/config.js';
import { datasetRows, simulateDatasets } from '../../../envs/simulation/simulate-datasets.js';

const priorConfig = { kind: 'linear-scm', variables: 3, graph: { degree: 0.8 } } as const;

function specOf(environment: Record<string, unknown> = {}, data: Record<string, unknown> = {}): DatasetSpec {
  return DatasetSpec.parse({ environment: { prior: priorConfig, initialRows: 4, budget: 3, ...environment }, data });
}

const stream = new RandomStream('simulate-datasets');

describe('simulateDatasets', () => {
  test('pads every dataset to all initial rows and the whole budget', () => {
    const spec = specOf({ rowsPerExperiment: 2 });
    const { values, rowMask, graphs, rows, size } = simulateDatasets({ spec, count: 50, stream });
    expect([rows, size]).toEqual([10, 3]);
    expect([values.length, rowMask.length, graphs.length]).toEqual([50 * 10 * 3 * 2, 50 * 10, 50 * 9]);
    const measured = new Set<number>();
    for (let k = 0; k < 50; k++) {
      const mask = [...rowMask.subarray(k * 10, (k + 1) * 10)];
      const count = mask.indexOf(0) === -1 ? 10 : mask.indexOf(0);
      measured.add(count);
      expect(mask).toEqual(Array.from({ length: 10 }, (_, row) => (row < count ? 1 : 0)));
      expect(values.subarray((k * 10 + count) * 6, (k + 1) * 60).every((entry) => entry === 0)).toBe(true);
      const flags = (row: number) => [1, 3, 5].map((channel) => values[(k * 10 + row) * 6 + channel]);
      for (let row = 0; row < 4; row++) expect(flags(row)).toEqual([0, 0, 0]);
    }
    expect([...measured].sort()).toEqual([10, 4, 6, 8]);
  });

  test('do-targets hold a value of the range, measured exactly', () => {
    const spec = specOf({}, { strengths: { uniform: 0, full: 1, zero: 0 }, observationalFraction: 0 });
    const { values } = simulateDatasets({ spec, count: 100, stream });
    let targets = 0;
    for (let entry = 0; entry < values.length; entry += 2) {
      if (values[entry + 1] !== 1) continue;
      targets++;
      expect(Math.abs(values[entry]!)).toBe(1);
    }
    expect(targets).toBeGreaterThan(50);
  });

  test('graphs are acyclic and follow the prior', () => {
    const { graphs } = simulateDatasets({ spec: specOf(), count: 400, stream });
    const edges = Array.from({ length: 400 }, (_, k) => new CausalGraph(3, graphs.slice(k * 9, k * 9 + 9)).edgeCount);
    expect(edges.reduce((sum, count) => sum + count, 0) / 400).toBeCloseTo(2.4, 1);
  });

  test('dataset i depends on its own stream only', () => {
    const all = simulateDatasets({ spec: specOf(), count: 5, stream });
    const first = simulateDatasets({ spec: specOf(), count: 2, stream });
    expect(all.values.slice(0, first.values.length)).toEqual(first.values);
    expect(all.graphs.slice(0, first.graphs.length)).toEqual(first.graphs);
    const other = simulateDatasets({ spec: specOf(), count: 2, stream: stream.child('other') });
    expect(other.values).not.toEqual(first.values);
  });

  test.each([
    [{ minimumInitialRows: 9 }, 'data.minimumInitialRows is 9, more than environment.initialRows 4'],
    [{ strengths: { uniform: 0, full: 0, zero: 0 } }, 'data.strengths: all weights are 0'],
  ])('%j is refused', (data, message) => {
    expect(() => simulateDatasets({ spec: specOf({}, data), count: 1, stream })).toThrow(message);
  });

  test('a prior of a user takes the place of the configured one', () => {
    const prior = new LinearScmPrior(LinearScmConfig.parse({ ...priorConfig, variables: 2 }));
    expect(simulateDatasets({ spec: specOf(), count: 1, stream, prior }).size).toBe(2);
  });

  test.each([
    ['d = 1', { prior: { kind: 'linear-scm', variables: 1 } }, 7],
    ['T = 0', { budget: 0 }, 4],
    ['n0 = 0', { initialRows: 0 }, 3],
    ['no rows at all', { initialRows: 0, budget: 0 }, 0],
  ])('%s works', (_, environment, rows) => {
    const spec = specOf(environment);
    expect(datasetRows(spec)).toBe(rows);
    const { values, rowMask } = simulateDatasets({ spec, count: 3, stream });
    expect(rowMask).toHaveLength(3 * rows);
    expect(values.every(Number.isFinite)).toBe(true);
  });
});
