import { describe, expect, test } from 'vitest';
import { CausalGraph } from '../../../core/causal/graph.js';
import { GeneNetwork } from '../../../envs/sergio/gene-network.js';
import { chainNetwork } from './networks.js';

const parts = (changes: object = {}) => ({
  graph: CausalGraph.fromEdges(2, [[0, 1]]),
  strengths: Float32Array.of(0, -2, 0, 0),
  basalRates: Float32Array.of(1, 2, 3, 4, 5, 6),
  decays: Float32Array.of(0.8, 0.8),
  hillCoefficient: 2,
  noiseAmplitude: 1,
  ...changes,
});

test('basal rates are [gene, cell type]: their number says how many cell types there are', () => {
  expect(new GeneNetwork(parts())).toMatchObject({ size: 2, cellTypes: 3, geneNames: ['gene0', 'gene1'] });
});

test('a gene is found by name or named as missing', () => {
  const network = chainNetwork([1], [1]);
  expect(network.geneIndex('gene1')).toBe(1);
  expect(() => network.geneIndex('gene7')).toThrow("gene 'gene7' is not in the network; its genes are gene0, gene1");
});

describe('refused, with the gene or edge', () => {
  test.each([
    [{ strengths: Float32Array.of(0, 0, 0, 0) }, 'must be finite and not 0, got 0'],
    [{ strengths: Float32Array.of(0, 1, 1, 0) }, 'must be 0: it is no edge, got 1'],
    [{ strengths: Float32Array.of(0, Number.NaN, 0, 0) }, 'must be finite and not 0, got NaN'],
    [{ basalRates: Float32Array.of(1, 2, 3) }, "'basalRates' must hold genes x cell types numbers, got 3 for 2 genes"],
    [{ basalRates: Float32Array.of(1, 2, 3, 4, -1, 6) }, 'the basal rate of gene1 in cell type 1 must be at least 0'],
    [{ decays: Float32Array.of(0.8) }, '2 genes need 4 strengths, 2 decays and 2 names, got 4, 1 and 2'],
    [{ decays: Float32Array.of(0.8, 0) }, 'the decay of gene1 must be positive and finite, got 0'],
    [{ hillCoefficient: 0 }, 'the Hill coefficient must be positive and finite, got 0'],
    [{ halfResponses: Float32Array.of(0, -1, 0, 0) }, 'the half response of gene0 -> gene1 must be positive'],
    [{ hillCoefficients: Float32Array.of(0, 0, 0, 0) }, 'the Hill coefficient of gene0 -> gene1 must be positive'],
    [{ halfResponses: Float32Array.of(1) }, '2 genes need 4 numbers for their edges, got 1'],
    [{ noiseAmplitude: -1 }, 'the noise amplitude must be at least 0 and finite, got -1'],
    [{ geneNames: ['a', 'a'] }, 'gene names must be distinct'],
  ])('%j', (changes, message) => {
    expect(() => new GeneNetwork(parts(changes))).toThrow(message);
  });
});
