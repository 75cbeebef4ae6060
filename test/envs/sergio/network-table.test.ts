import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../core/random/stream.js';
import { SergioConfig } from '../../../envs/sergio/config.js';
import { formatNetworkTable, parseNetworkTable } from '../../../envs/sergio/network-table.js';
import { randomNetwork } from './networks.js';

const prior = SergioConfig.parse({ kind: 'sergio' });

function table(lines: readonly string[], genes?: readonly string[]) {
  const options = { source: 'net.tsv', prior, stream: new RandomStream('table') };
  return parseNetworkTable(lines.join('\n'), genes === undefined ? options : { ...options, genes });
}

const HEADER = 'regulator\ttarget\tstrength';

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
