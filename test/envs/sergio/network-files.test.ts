import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { SergioConfig } from '../../../envs/sergio/config.js';
import { formatNetworkJson, parseNetworkJson } from '../../../envs/sergio/network-json.js';
import { formatNetworkTable, parseNetworkTable } from '../../../envs/sergio/network-table.js';
import { looksLikeSergioInteractions, parseSergioFiles } from '../../../envs/sergio/sergio-files.js';
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
    ['a missing cell', [HEADER, 'A\tB'], 'net.tsv, line 2: 3 cells are needed'],
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

describe('tables that others write', () => {
  const drawnOf = (text: string) => {
    const drawn: string[] = [];
    const network = parseNetworkTable(text, {
      source: 'net.csv',
      prior,
      stream: new RandomStream('table'),
      onDrawn: (property) => drawn.push(property),
    });
    return { network, drawn };
  };
  const edges = ({ network }: ReturnType<typeof drawnOf>) =>
    [...network.graph.adjacency.keys()]
      .filter((entry) => network.graph.adjacency[entry] === 1)
      .map((entry) => {
        const [from, to] = [Math.floor(entry / network.size), entry % network.size];
        return `${network.geneNames[from]} ${network.geneNames[to]} ${Math.sign(network.strengths[entry]!)}`;
      });

  test('BEELINE: signs are kept, sizes are drawn, and that is told', () => {
    const found = drawnOf('Gene1,Gene2,Type\nGATA1,SPI1,-\nSPI1,CEBPA,+\n');
    expect(edges(found)).toEqual(['GATA1 SPI1 -1', 'SPI1 CEBPA 1']);
    expect(found.drawn).toEqual(['sizes of strengths', 'basal rates', 'decays']);
    for (const strength of found.network.strengths)
      if (strength !== 0) expect(Math.abs(strength) >= 1 && Math.abs(strength) <= 5).toBe(true);
    const unsigned = drawnOf('Gene1,Gene2\nA,B\nA,C\n');
    expect(unsigned.drawn).toContain('signs of edges');
    expect(unsigned.network.graph.edgeCount).toBe(2);
    expect(drawnOf('Source,Target\nG2,G91\nG3,G90\n').network.geneNames).toEqual(['G2', 'G91', 'G3', 'G90']);
  });

  test('GeneNetWeaver: no header, pairs without an edge say which genes there are', () => {
    const found = drawnOf('G1\tG2\t1\nG1\tG3\t0\nG2\tG4\t1\n');
    expect(found.network.geneNames).toEqual(['G1', 'G2', 'G3', 'G4']);
    expect(found.network.graph.edgeCount).toBe(2);
    expect(edges(drawnOf('G1\tG2\t+\nG2\tG3\t-\n'))).toEqual(['G1 G2 1', 'G2 G3 -1']);
  });

  test('property: the order of lines and columns changes nothing of what is drawn', () => {
    const lines = ['A,B', 'A,C', 'B,D', 'C,D', 'A,E'];
    const byName = (text: string) => {
      const { geneNames, size, strengths, basalRates, decays, cellTypes } = drawnOf(text).network;
      const order = [...geneNames.keys()].sort((i, j) => (geneNames[i]! < geneNames[j]! ? -1 : 1));
      return order.map((i) => [
        geneNames[i],
        decays[i],
        [...basalRates.subarray(i * cellTypes, (i + 1) * cellTypes)],
        order.map((j) => strengths[i * size + j]),
      ]);
    };
    const want = byName(`Gene1,Gene2\n${lines.join('\n')}`);
    for (let trial = 0; trial < 10; trial++) {
      const order = new RandomStream(`order/${trial}`).permutation(lines.length);
      const moved = Array.from(order, (line) => lines[line]!);
      expect(byName(`Gene1,Gene2\n${moved.join('\n')}`)).toEqual(want);
      const swapped = moved.map((line) => line.split(',').reverse().join());
      expect(byName(`Gene2,Gene1\n${swapped.join('\n')}`)).toEqual(want);
    }
  });

  test.each([
    ['Gene1,Gene2,Type\nA,B,maybe\n', "net.csv, line 2: an edge is of the kind +, -, 1 or 0, got 'maybe'"],
    ['Gene1,Gene2,Type\nA,B,+\nB,A,+\n', 'circle: '],
    ['Gene1,Gene2,Type\nA,A,+\n', "net.csv, line 2: gene 'A' cannot regulate itself"],
    ['Gene1,Gene2,Type\nA,,+\n', 'net.csv, line 2: a regulator and a target are needed'],
    ['a;b;c\n', "net.csv, line 1: no column 'regulator'"],
  ])('%j is refused', (text, message) => {
    expect(() => drawnOf(text)).toThrow(message);
  });
});

describe("SERGIO's two files", () => {
  // Three genes below two master regulators, with the trailing commas and decimal points of its example files.
  const interactions = '2.0,2,0.0,1.0,2.5,-1.5,2.0,2.0\n3.0,1,2.0,3.0,2.0\n4.0,1,0.0,-4.0,2.0\n';
  const regulators = '0.0,0.5,1.5,2.5\n1.0,1.0,2.0,3.0\n';
  const parse = (given: { interactions?: string; regulators?: string }) =>
    parseSergioFiles(
      { interactions, regulators, ...given, sources: { interactions: 'targets.txt', regulators: 'regs.txt' } },
      { prior, stream: new RandomStream('sergio-files') },
    );

  test('edges, strengths, rates and the Hill coefficient are read', () => {
    expect(looksLikeSergioInteractions(interactions)).toBe(true);
    expect(looksLikeSergioInteractions('regulator\ttarget\tstrength\n')).toBe(false);
    expect(looksLikeSergioInteractions('1,2,1\n')).toBe(false);
    const network = parse({});
    expect(network.geneNames).toEqual(['gene0', 'gene1', 'gene2', 'gene3', 'gene4']);
    expect([network.cellTypes, network.hillCoefficient, network.graph.edgeCount]).toEqual([3, 2, 4]);
    expect([2, 7, 13, 4].map((entry) => network.strengths[entry])).toEqual([2.5, -1.5, 3, -4]);
    expect([...network.basalRates.subarray(0, 6)]).toEqual([0.5, 1.5, 2.5, 1, 2, 3]);
    expect([...new Set(network.decays)].map((decay) => decay.toFixed(2))).toEqual(['0.80']);
    const shared = parse({ interactions: '2,2,0,1,2.5,-1.5\n' });
    expect(shared.hillCoefficient).toBe(prior.hillCoefficient);
  });

  test.each([
    [{ interactions: '2,2,0,1,2.5\n' }, 'targets.txt, line 1: 2 regulators need 4 or 6 numbers'],
    [{ interactions: '2,1,0,1,2\n2,1,1,1,2\n' }, 'targets.txt, line 2: gene2 is listed twice'],
    [{ interactions: '2,1,0,1,2\n3,1,0,1,1\n' }, 'targets.txt, line 2: Hill coefficients differ (2, 1)'],
    [{ interactions: '2,1,7,1,2\n' }, 'targets.txt, line 1: gene7 regulates, but is neither regulated nor in regs.txt'],
    [{ interactions: '0,1,1,1,2\n' }, 'regs.txt: gene0 is regulated in targets.txt'],
    [{ interactions: '2,1,3,1,2\n3,1,2,1,2\n' }, 'circle: '],
    [{ interactions: '2,1,x,1,2\n' }, "targets.txt, line 1: SERGIO's files hold numbers only, got 'x'"],
    [
      { regulators: '0,1,2\n1,1\n' },
      'regs.txt, line 2: a master regulator needs its number and one rate for each of 2',
    ],
    [{ regulators: '\n' }, 'regs.txt: it has no master regulators'],
  ])('%j is refused', (given, message) => {
    expect(() => parse(given)).toThrow(message);
  });
});
