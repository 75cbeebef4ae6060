import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { SergioConfig } from './config.js';
import { GeneNetwork } from './gene-network.js';
import { graphOfEdges, type NamedEdge } from './network-json.js';

const COLUMNS = ['regulator', 'target', 'strength'] as const;

export interface ParseNetworkTableOptions {
  /** The file's name, for messages. */
  readonly source: string;
  /** What the table does not say is drawn from these ranges: basal rates and decays. */
  readonly prior: Pick<SergioConfig, 'cellTypes' | 'basalRates' | 'decays' | 'hillCoefficient' | 'noiseAmplitude'>;
  readonly stream: RandomStream;
  /** All genes in order; without it, those of the edges in order of appearance. */
  readonly genes?: readonly string[];
}

/** The edges as tab-separated text with the header `regulator, target, strength`. */
export function formatNetworkTable({ size, graph, strengths, geneNames }: GeneNetwork): string {
  const lines = [COLUMNS.join('\t')];
  for (let entry = 0; entry < size * size; entry++) {
    if (graph.adjacency[entry] === 0) continue;
    const [regulator, target] = [geneNames[Math.floor(entry / size)], geneNames[entry % size]];
    lines.push([regulator, target, strengths[entry]].join('\t'));
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Reads an edge table; columns may be in any order.
 *
 * @throws CausalPilotError E_INPUT naming file and line for a missing column, a strength that is no number, an unknown
 * gene or a repeated edge, and the genes of a cycle.
 */
export function parseNetworkTable(text: string, options: ParseNetworkTableOptions): GeneNetwork {
  const { source, prior, stream } = options;
  const edges = readEdges(text, source);
  const names = options.genes ?? [...new Set(edges.flatMap(({ regulator, target }) => [regulator, target]))];
  if (names.length === 0)
    throw new CausalPilotError(
      'E_INPUT',
      `${source}: the table has no edges and so no genes; add a line below the header`,
    );
  const uniform = ({ minimum, maximum }: { minimum: number; maximum: number }) =>
    minimum + (maximum - minimum) * stream.uniform();
  return new GeneNetwork({
    ...graphOfEdges(names, edges, source),
    basalRates: Float32Array.from({ length: names.length * prior.cellTypes }, () => uniform(prior.basalRates)),
    decays: Float32Array.from(names, () => uniform(prior.decays)),
    hillCoefficient: prior.hillCoefficient,
    noiseAmplitude: prior.noiseAmplitude,
    geneNames: names,
  });
}

function readEdges(text: string, source: string): NamedEdge[] {
  const [header = '', ...lines] = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const columns = header.split('\t').map((name) => name.trim());
  const positions = COLUMNS.map((column) => {
    const position = columns.indexOf(column);
    if (position === -1)
      throw new CausalPilotError(
        'E_INPUT',
        `${source}, line 1: no column '${column}'; the header must have ${COLUMNS.join(', ')}, separated by tabs`,
      );
    return position;
  });
  const edges: NamedEdge[] = [];
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const place = `${source}, line ${index + 2}`;
    const cells = line.split('\t').map((cell) => cell.trim());
    const [regulator, target, strength] = positions.map((position) => cells[position] ?? '') as [
      string,
      string,
      string,
    ];
    if (regulator === '' || target === '' || strength === '')
      throw new CausalPilotError(
        'E_INPUT',
        `${place}: ${columns.length} tab-separated cells are needed, got '${line}'`,
      );
    const number = Number(strength);
    if (!Number.isFinite(number))
      throw new CausalPilotError('E_INPUT', `${place}: strength must be a number, got '${strength}'`);
    edges.push({ regulator, target, strength: number, place });
  });
  return edges;
}
