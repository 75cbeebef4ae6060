import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Adjacency, CausalGraph } from '../../../core/causal/graph.js';
import {
  auprcTrapezoid,
  auroc,
  averagePrecision,
  edgeF1,
  expectedCorrectEntries,
  expectedStructuralHammingDistance,
  logPosterior,
  PROBABILITY_FLOOR,
  posteriorExpectedCorrectEntries,
  shdAtThreshold,
  structuralHammingDistance,
  thresholdEdges,
} from '../../../core/causal/graph-metrics.js';
import { acyclicGraphs, permutations, relabelledMatrix, scoredGraphs } from './arbitrary-graphs.js';

interface FixtureCase {
  graph: number[][];
  edgeProbability: number[][];
  averagePrecision: number;
  auprcTrapezoid: number;
  auroc: number;
  'f1At0.5': number;
  'shdAt0.5': number;
  expectedCorrectEntries: number;
}

// Reference values from scikit-learn.
const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/graph_metrics.json', import.meta.url), 'utf8'),
) as FixtureCase[];

describe.each(fixture.map((reference) => ({ size: reference.graph.length, reference })))(
  'reference case with d = $size',
  ({ size, reference }) => {
    const graph = { size, adjacency: Uint8Array.from(reference.graph.flat()) };
    const probabilities = reference.edgeProbability.flat();

    test('agrees', () => {
      expect(averagePrecision(probabilities, graph)).toBeCloseTo(reference.averagePrecision, 12);
      expect(auprcTrapezoid(probabilities, graph)).toBeCloseTo(reference.auprcTrapezoid, 12);
      expect(auroc(probabilities, graph)).toBeCloseTo(reference.auroc, 12);
      expect(edgeF1(probabilities, graph)).toBeCloseTo(reference['f1At0.5'], 12);
      expect(shdAtThreshold(probabilities, graph)).toBe(reference['shdAt0.5']);
      expect(expectedCorrectEntries(probabilities, graph)).toBeCloseTo(reference.expectedCorrectEntries, 9);
    });
  },
);

/** Every directed graph on three variables with its probability under independent edges. */
function enumerated(probabilities: ArrayLike<number>): { graph: Adjacency; probability: number }[] {
  const free = [1, 2, 3, 5, 6, 7];
  return Array.from({ length: 2 ** free.length }, (_, code) => {
    const adjacency = new Uint8Array(9);
    let probability = 1;
    free.forEach((entry, bit) => {
      adjacency[entry] = (code >> bit) & 1;
      probability *= adjacency[entry] === 1 ? probabilities[entry]! : 1 - probabilities[entry]!;
    });
    return { graph: { size: 3, adjacency }, probability };
  });
}

function equalEntries(first: Adjacency, second: Adjacency): number {
  return first.adjacency.reduce((count, entry, k) => count + (entry === second.adjacency[k] ? 1 : 0), 0);
}

describe('expectations equal sums over all graphs on three variables', () => {
  const expectation = (probabilities: ArrayLike<number>, value: (graph: Adjacency) => number) =>
    enumerated(probabilities).reduce((sum, { graph, probability }) => sum + probability * value(graph), 0);

  test('expected correct entries', () => {
    fc.assert(
      fc.property(scoredGraphs(3, 3), ({ graph, edgeProbabilities: p }) => {
        expect(expectedCorrectEntries(p, graph)).toBeCloseTo(
          expectation(p, (guess) => equalEntries(guess, graph)),
          9,
        );
      }),
    );
  });

  test('posterior expected correct entries', () => {
    fc.assert(
      fc.property(scoredGraphs(3, 3), ({ edgeProbabilities: p }) => {
        const overTruths = expectation(p, (truth) => expectation(p, (guess) => equalEntries(guess, truth)));
        expect(posteriorExpectedCorrectEntries(p, 3)).toBeCloseTo(overTruths, 9);
      }),
      { numRuns: 20 },
    );
  });

  test('expected structural Hamming distance', () => {
    fc.assert(
      fc.property(scoredGraphs(3, 3), ({ graph, edgeProbabilities: p }) => {
        const summed = expectation(p, (guess) => structuralHammingDistance(guess, graph));
        expect(expectedStructuralHammingDistance(p, graph)).toBeCloseTo(summed, 9);
      }),
    );
  });

  test('log posterior is the log of the graph probability', () => {
    const p = Float64Array.of(0, 0.2, 0.9, 0.4, 0, 0.7, 0.1, 0.5, 0);
    for (const { graph, probability } of enumerated(p))
      expect(logPosterior(p, graph)).toBeCloseTo(Math.log(probability), 9);
  });
});

describe('structural Hamming distance', () => {
  const chain = CausalGraph.fromEdges(3, [[0, 1], [1, 2]]); // biome-ignore format: edges on one line

  test('a reversed, a missing and an extra edge count once each', () => {
    expect(structuralHammingDistance(chain, CausalGraph.fromEdges(3, [[1, 0], [1, 2]]))).toBe(1); // biome-ignore format: edges on one line
    expect(structuralHammingDistance(chain, CausalGraph.fromEdges(3, [[0, 1]]))).toBe(1);
    expect(structuralHammingDistance(chain, CausalGraph.fromEdges(3, [[0, 1], [1, 2], [0, 2]]))).toBe(1); // biome-ignore format: edges on one line
    const both = { size: 3, adjacency: Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 0, 0) };
    expect(structuralHammingDistance(chain, both)).toBe(1);
  });

  test('is a metric', () => {
    const triples = acyclicGraphs(4, 4).chain((a) =>
      fc.tuple(fc.constant(a), acyclicGraphs(4, 4), acyclicGraphs(4, 4)),
    );
    fc.assert(
      fc.property(triples, ([a, b, c]) => {
        expect(structuralHammingDistance(a, a)).toBe(0);
        expect(structuralHammingDistance(a, b)).toBe(structuralHammingDistance(b, a));
        expect(structuralHammingDistance(a, c)).toBeLessThanOrEqual(
          structuralHammingDistance(a, b) + structuralHammingDistance(b, c),
        );
      }),
    );
  });

  test('certain probabilities have the distance of their graph', () => {
    fc.assert(
      fc.property(acyclicGraphs(4, 4), acyclicGraphs(4, 4), (guess, truth) => {
        const certain = Float32Array.from(guess.adjacency);
        const distance = structuralHammingDistance(guess, truth);
        expect(expectedStructuralHammingDistance(certain, truth)).toBe(distance);
        expect(shdAtThreshold(certain, truth)).toBe(distance);
      }),
    );
  });

  test('graphs of different size are refused', () => {
    expect(() => structuralHammingDistance(chain, new CausalGraph(1, new Uint8Array(1)))).toThrow(
      "structuralHammingDistance: 'second' must have shape [3], got [1]",
    );
  });
});

describe('ranking metrics', () => {
  const pairs = (graph: Adjacency) =>
    Array.from({ length: graph.size ** 2 }, (_, entry) => entry).filter((entry) => entry % (graph.size + 1) !== 0);

  test('AUROC equals the share of edge and non-edge pairs in the right order', () => {
    fc.assert(
      fc.property(scoredGraphs(2, 6), ({ graph, edgeProbabilities: p }) => {
        const edges = pairs(graph).filter((entry) => graph.adjacency[entry] === 1);
        const others = pairs(graph).filter((entry) => graph.adjacency[entry] === 0);
        if (edges.length === 0) {
          expect(auroc(p, graph)).toBeNull();
          return;
        }
        const wins = edges.flatMap((edge) => others.map((other) => (Math.sign(p[edge]! - p[other]!) + 1) / 2));
        expect(auroc(p, graph)).toBeCloseTo(wins.reduce((a, b) => a + b, 0) / wins.length, 12);
      }),
    );
  });

  test('average precision equals the mean over edges of the precision at their probability', () => {
    fc.assert(
      fc.property(scoredGraphs(2, 6), ({ graph, edgeProbabilities: p }) => {
        const edges = pairs(graph).filter((entry) => graph.adjacency[entry] === 1);
        if (edges.length === 0) {
          expect(averagePrecision(p, graph)).toBeNull();
          return;
        }
        const precisions = edges.map((edge) => {
          const accepted = pairs(graph).filter((entry) => p[entry]! >= p[edge]!);
          return accepted.filter((entry) => graph.adjacency[entry] === 1).length / accepted.length;
        });
        expect(averagePrecision(p, graph)).toBeCloseTo(precisions.reduce((a, b) => a + b, 0) / edges.length, 12);
      }),
    );
  });

  test('with all probabilities equal: AUROC 0.5, average precision the edge rate', () => {
    const graph = CausalGraph.fromEdges(3, [[0, 1], [0, 2]]); // biome-ignore format: edges on one line
    const flat = new Float32Array(9).fill(0.3);
    expect(auroc(flat, graph)).toBe(0.5);
    expect(averagePrecision(flat, graph)).toBeCloseTo(1 / 3, 12);
    expect(auprcTrapezoid(flat, graph)).toBeCloseTo((1 + 1 / 3) / 2, 12);
  });

  test('probabilities that are not numbers are refused', () => {
    const broken = new Float32Array(4).fill(Number.NaN);
    expect(() => auroc(broken, CausalGraph.fromEdges(2, [[0, 1]]))).toThrow('edge probability (0, 1) is NaN');
  });
});

describe('all metrics', () => {
  const metrics = {
    expectedCorrectEntries,
    expectedStructuralHammingDistance,
    shdAtThreshold,
    averagePrecision,
    auprcTrapezoid,
    auroc,
    edgeF1,
    logPosterior,
  };

  test('do not depend on the labels of the variables', () => {
    const cases = scoredGraphs().chain((c) => fc.tuple(fc.constant(c), permutations(c.graph.size)));
    fc.assert(
      fc.property(cases, ([{ graph, edgeProbabilities: p }, names]) => {
        for (const metric of Object.values(metrics)) {
          const before = metric(p, graph);
          const after = metric(relabelledMatrix(p, names), graph.relabelled(names));
          if (before === null) expect(after).toBeNull();
          else expect(after).toBeCloseTo(before, 9);
        }
      }),
    );
  });

  test('never read the diagonal', () => {
    const graph = CausalGraph.fromEdges(3, [[0, 1]]);
    const p = Float64Array.of(0, 0.6, 0.2, 0.3, 0, 0.1, 0.4, 0.7, 0);
    const marked = p.map((value, entry) => (entry % 4 === 0 ? 0.9 : value));
    for (const metric of Object.values(metrics)) expect(metric(marked, graph)).toBe(metric(p, graph));
    expect(posteriorExpectedCorrectEntries(marked, 3)).toBe(posteriorExpectedCorrectEntries(p, 3));
  });

  test('are perfect for the true graph', () => {
    const graph = CausalGraph.fromEdges(4, [[0, 1], [2, 1], [1, 3]]); // biome-ignore format: edges on one line
    const certain = Float32Array.from(graph.adjacency);
    const values = Object.entries(metrics).map(([name, metric]) => [name, metric(certain, graph)]);
    expect(Object.fromEntries(values)).toEqual({
      expectedCorrectEntries: 16,
      expectedStructuralHammingDistance: 0,
      shdAtThreshold: 0,
      averagePrecision: 1,
      auprcTrapezoid: 1,
      auroc: 1,
      edgeF1: 1,
      logPosterior: expect.closeTo(12 * Math.log1p(-PROBABILITY_FLOOR), 12),
    });
  });

  test.each([
    ['one variable', new CausalGraph(1, new Uint8Array(1)), [1, 0, 0, null, null, null, 1, 0]],
    ['no edges', new CausalGraph(2, new Uint8Array(4)), [4, 0, 0, null, null, null, 1, 2 * Math.log(1 - 1e-7)]],
  ])('are defined for %s', (_, graph, expected) => {
    const p = new Float32Array(graph.size ** 2);
    expect(Object.values(metrics).map((metric) => metric(p, graph))).toEqual(expected);
  });

  test('are defined for a complete graph', () => {
    const graph = CausalGraph.fromEdges(3, [[0, 1], [0, 2], [1, 2]]); // biome-ignore format: edges on one line
    const values = Object.values(metrics).map((metric) => metric(new Float32Array(9).fill(1), graph));
    expect(values.every((value) => value !== null && Number.isFinite(value))).toBe(true);
  });

  test('refuse probabilities of another size', () => {
    for (const [name, metric] of Object.entries(metrics))
      expect(() => metric(new Float32Array(4), new CausalGraph(3, new Uint8Array(9)))).toThrow(
        new RegExp(`(${name}|thresholdEdges): 'edgeProbabilities' must have shape \\[9\\], got \\[4\\]`),
      );
  });
});

test('thresholding takes the threshold itself in and leaves the diagonal out', () => {
  expect([...thresholdEdges([0.9, 0.5, 0.49, 0.9], 2).adjacency]).toEqual([0, 1, 0, 0]);
});
