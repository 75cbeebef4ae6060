import { sampleBeta } from '../../core/random/distributions.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { SergioConfig } from './config.js';
import { noEdges, readEdgeTable, type TableEdge } from './edge-table.js';
import { GeneNetwork } from './gene-network.js';
import { graphOfEdges, type NamedEdge } from './network-json.js';

/** What a table of edges does not say is drawn from these parts of a prior. */
export type NetworkTablePrior = Pick<
  SergioConfig,
  | 'cellTypes'
  | 'basalRates'
  | 'decays'
  | 'hillCoefficient'
  | 'noiseAmplitude'
  | 'noiseKind'
  | 'strengths'
  | 'activation'
>;

export interface ParseNetworkTableOptions {
  /** The file's name, for messages. */
  readonly source: string;
  readonly prior: NetworkTablePrior;
  readonly stream: RandomStream;
  /** All genes in order; without it, those of the edges in order of appearance. */
  readonly genes?: readonly string[];
  /** Called with each property that the table does not say and that is drawn from the prior. */
  readonly onDrawn?: (property: string) => void;
}

/** The edges as tab-separated text with the header `regulator, target, strength`. */
export function formatNetworkTable({ size, graph, strengths, geneNames }: GeneNetwork): string {
  const lines = ['regulator\ttarget\tstrength'];
  for (let entry = 0; entry < size * size; entry++) {
    if (graph.adjacency[entry] === 0) continue;
    const [regulator, target] = [geneNames[Math.floor(entry / size)], geneNames[entry % size]];
    lines.push([regulator, target, strengths[entry]].join('\t'));
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Reads a table of edges: our own (regulator, target, strength in any order), BEELINE's (Gene1, Gene2, Type) or
 * GeneNetWeaver's (without a header). Strengths or signs that it does not have are drawn, like rates, each by the names of its
 * genes, so that the order of lines does not matter.
 *
 * @throws CausalPilotError E_INPUT naming file and line for a missing column, a strength that is no number, an unknown
 * gene or a repeated edge, and the genes of a cycle.
 */
export function parseNetworkTable(text: string, options: ParseNetworkTableOptions): GeneNetwork {
  const { source, prior, stream, onDrawn } = options;
  const table = readEdgeTable(text, source);
  const named = [...table.genes, ...table.edges.flatMap(({ regulator, target }) => [regulator, target])];
  const names = options.genes ?? [...new Set(named)];
  if (names.length === 0) throw noEdges(source);
  const edges = withStrengths(table.edges, options);
  onDrawn?.('basal rates');
  onDrawn?.('decays');
  return new GeneNetwork({
    ...graphOfEdges(names, edges, source),
    basalRates: Float32Array.from(
      names.flatMap((name) => {
        const drawn = stream.child('basal rates', name);
        return Array.from({ length: prior.cellTypes }, () => uniformIn(prior.basalRates, drawn));
      }),
    ),
    decays: Float32Array.from(names, (name) => uniformIn(prior.decays, stream.child('decay', name))),
    hillCoefficient: prior.hillCoefficient,
    noiseAmplitude: prior.noiseAmplitude,
    noiseKind: prior.noiseKind,
    geneNames: names,
  });
}

/** Strengths are drawn where a table has none: their size, and the sign of a regulator's edges, as for random networks. */
function withStrengths(edges: readonly TableEdge[], { prior, stream, onDrawn }: ParseNetworkTableOptions): NamedEdge[] {
  if (edges.some(({ strength, sign }) => strength === undefined && sign === undefined)) onDrawn?.('signs of edges');
  if (edges.some(({ strength }) => strength === undefined)) onDrawn?.('sizes of strengths');
  const { alpha, beta } = prior.activation;
  return edges.map(({ strength, sign, ...edge }) => {
    if (strength !== undefined) return { ...edge, strength };
    const share = sampleBeta(stream.child('activation', edge.regulator), alpha, beta);
    const drawn = stream.child('strength', edge.regulator, edge.target);
    const signed = sign ?? (drawn.bernoulli(share) ? 1 : -1);
    return { ...edge, strength: signed * uniformIn(prior.strengths, drawn) };
  });
}

export function uniformIn(
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
  stream: RandomStream,
): number {
  return minimum + (maximum - minimum) * stream.uniform();
}
