import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { edgeF1, expectedCorrectEntries, shdAtThreshold } from '../../../core/causal/graph-metrics.js';
import { auprcTrapezoid, auroc, averagePrecision } from '../../../core/causal/ranking-metrics.js';

interface Case {
  graph: number[][];
  edgeProbability: number[][];
  averagePrecision: number;
  auprcTrapezoid: number;
  auroc: number;
  'f1At0.5': number;
  'shdAt0.5': number;
  expectedCorrectEntries: number;
}
const cases = JSON.parse(readFileSync(new URL('../../fixtures/graph_metrics.json', import.meta.url), 'utf8')) as Case[];

describe('agrees with scikit-learn', () => {
  test.each(cases.map((c) => [c.graph.length, c] as const))('d = %i', (size, c) => {
    const graph = { size, adjacency: Uint8Array.from(c.graph.flat()) };
    const p = c.edgeProbability.flat();
    expect(averagePrecision(p, graph)).toBeCloseTo(c.averagePrecision, 12);
    expect(auprcTrapezoid(p, graph)).toBeCloseTo(c.auprcTrapezoid, 12);
    expect(auroc(p, graph)).toBeCloseTo(c.auroc, 12);
    expect(edgeF1(p, graph)).toBeCloseTo(c['f1At0.5'], 12);
    expect(shdAtThreshold(p, graph)).toBe(c['shdAt0.5']);
    expect(expectedCorrectEntries(p, graph)).toBeCloseTo(c.expectedCorrectEntries, 9);
  });
});
