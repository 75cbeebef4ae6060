import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { SergioConfig } from '../../../envs/sergio/config.js';
import { formatNetworkJson, parseNetworkJson } from '../../../envs/sergio/network-json.js';
import { formatNetworkTable, parseNetworkTable } from '../../../envs/sergio/network-table.js';
import { chainNetwork, randomNetwork } from './networks.js';

const prior = SergioConfig.parse({ kind: 'sergio' });

interface NetworkFile {
  readonly genes: { readonly basalRates: number[] }[];
  readonly edges: { regulator: string; target: string; strength: number }[];
}

function table(lines: readonly string[], genes?: readonly string[]) {
  const options = { source: 'net.tsv', prior, stream: new RandomStream('table') };
  return parseNetworkTable(lines.join('\n'), genes === undefined ? options : { ...options, genes });
}

const HEADER = 'regulator\ttarget\tstrength';

describe('JSON', () => {
  test('a network comes back as it was', () => {
    const network = randomNetwork('json', { hillCoefficient: 2, noiseAmplitude: 0.5 });
    expect(parseNetworkJson(formatNetworkJson(network), 'net.json')).toEqual(network);
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

describe('edge table', () => {
  test('edges come back as they were, with rates from the prior', () => {
    const network = randomNetwork('table');
    const read = parseNetworkTable(formatNetworkTable(network), {
      source: 'net.tsv',
      prior,
      stream: new RandomStream('table'),
      genes: network.geneNames,
    });
    expect(read.strengths).toEqual(network.strengths);
    expect(read.cellTypes).toBe(5);
    expect(read.basalRates.every((rate) => rate >= 1 && rate <= 3)).toBe(true);
  });

  test('columns may stand in any order, lines end in CRLF, blank lines be there', () => {
    const network = table(['strength\tregulator\ttarget\r', '2.5\tA\tB\r', '\r', '-1\tB\tC\r']);
    expect(network.geneNames).toEqual(['A', 'B', 'C']);
    expect([...network.strengths]).toEqual([0, 2.5, 0, 0, 0, -1, 0, 0, 0]);
  });

  test.each([
    ['a cycle', [HEADER, 'A\tB\t1', 'B\tC\t1', 'C\tA\t2'], 'circle: '],
    ['a missing column', ['regulator\ttarget', 'A\tB'], "net.tsv, line 1: no column 'strength'"],
    [
      'a strength that is no number',
      [HEADER, 'A\tB\tstrong'],
      "net.tsv, line 2: strength must be a number, got 'strong'",
    ],
    ['a repeated edge', [HEADER, 'A\tB\t1', 'A\tB\t2'], 'net.tsv, line 3: the edge A -> B is there twice'],
    ['a missing cell', [HEADER, 'A\tB'], 'net.tsv, line 2: 3 tab-separated cells are needed'],
    ['a self-edge', [HEADER, 'A\tA\t1'], 'net.tsv, line 2: gene'],
    ['nothing', [HEADER], 'no edges and so no genes'],
  ] as const)('%s is named', (_, lines, message) => {
    expect(() => table(lines)).toThrow(message);
  });

  test('a gene that is not in the list is named', () => {
    expect(() => table([HEADER, 'A\tB\t1'], ['A', 'C'])).toThrow("net.tsv, line 2: gene 'B' is not among");
  });
});

test('a gene is found by name or named as missing', () => {
  const network = chainNetwork([1], [1]);
  expect(network.geneIndex('gene1')).toBe(1);
  expect(() => network.geneIndex('gene7')).toThrow("gene 'gene7' is not in the network; its genes are gene0, gene1");
});
