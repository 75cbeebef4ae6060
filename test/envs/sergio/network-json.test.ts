import { describe, expect, test } from 'vitest';
import { formatNetworkJson, parseNetworkJson } from '../../../envs/sergio/network-json.js';
import { chainNetwork, randomNetwork } from './networks.js';

interface NetworkFile {
  readonly genes: { readonly basalRates: number[] }[];
  readonly edges: { regulator: string; target: string; strength: number }[];
}

describe('JSON', () => {
  test('a network comes back as it was', () => {
    const network = randomNetwork('json', { hillCoefficient: 2, noiseAmplitude: 0.5 });
    expect(parseNetworkJson(formatNetworkJson(network), 'net.json')).toEqual(network);
  });

  test('half responses and Hill coefficients of edges come back, and are left out where they are not stated', () => {
    const network = chainNetwork([2, -3], [1, 2], { halfResponses: [1.5, Number.NaN] });
    const text = formatNetworkJson(network);
    expect(JSON.parse(text).edges).toEqual([
      { regulator: 'gene0', target: 'gene1', strength: 2, halfResponse: 1.5 },
      { regulator: 'gene1', target: 'gene2', strength: -3 },
    ]);
    expect([...parseNetworkJson(text, 'net.json').regulatorLists.halfResponses]).toEqual([1.5, -1]);
    const file = JSON.parse(text);
    file.edges[1].hillCoefficient = 3;
    expect([...parse(file).regulatorLists.hillCoefficients]).toEqual([1, 3]);
    file.edges[1].hillCoefficient = 0;
    expect(() => parse(file)).toThrow('edges.1.hillCoefficient');
  });

  const example = (): NetworkFile => JSON.parse(formatNetworkJson(chainNetwork([2, -3], [1, 2])));
  const parse = (file: unknown) => parseNetworkJson(JSON.stringify(file), 'net.json');

  test.each([
    [
      'a cycle',
      (f: NetworkFile) => f.edges.push({ regulator: 'gene2', target: 'gene0', strength: 1 }),
      /circle: (gene\d -> ){3}gene\d/,
    ],
    [
      'an unknown gene',
      (f: NetworkFile) => f.edges.push({ regulator: 'x', target: 'gene0', strength: 1 }),
      "net.json, edges[2]: gene 'x'",
    ],
    [
      'a repeated edge',
      (f: NetworkFile) => f.edges.push({ regulator: 'gene0', target: 'gene1', strength: 1 }),
      'gene0 -> gene1 is there twice',
    ],
    [
      'a self-edge',
      (f: NetworkFile) => f.edges.push({ regulator: 'gene0', target: 'gene0', strength: 1 }),
      'cannot regulate itself',
    ],
    ['strength 0', (f: NetworkFile) => Object.assign(f.edges[0]!, { strength: 0 }), 'must be finite and not 0, got 0'],
    [
      'a repeated gene',
      (f: NetworkFile) => Object.assign(f.genes[1]!, { name: 'gene0' }),
      "gene 'gene0' is listed twice",
    ],
    ['an unknown field', (f: NetworkFile) => Object.assign(f, { colour: 'red' }), 'colour'],
    [
      'a rate that is missing',
      (f: NetworkFile) => f.genes[1]!.basalRates.pop(),
      "gene 'gene1' has 1 basal rates where 'gene0' has 2",
    ],
    ['a decay of 0', (f: NetworkFile) => Object.assign(f.genes[1]!, { decay: 0 }), 'genes.1.decay'],
    ['no genes', (f: NetworkFile) => Object.assign(f, { genes: [] }), 'genes'],
  ] as const)('%s is named', (_, change, message) => {
    const file = example();
    change(file);
    expect(() => parse(file)).toThrow(message);
  });

  test('text that is no JSON is named', () => {
    expect(() => parseNetworkJson('{', 'net.json')).toThrow('net.json: no valid JSON');
  });
});
