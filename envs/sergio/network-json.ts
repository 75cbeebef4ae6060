import * as z from 'zod';
import { CausalGraph } from '../../core/causal/graph.js';
import { CausalPilotError } from '../../core/errors.js';
import { GeneNetwork, type GeneNetworkParts } from './gene-network.js';
import { describeCycle } from './network-cycle.js';

const positive = z.number().positive();

const NetworkFile = z.strictObject({
  genes: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        decay: positive,
        basalRates: z.array(z.number().min(0)).min(1),
      }),
    )
    .min(1),
  edges: z.array(
    z.strictObject({
      regulator: z.string(),
      target: z.string(),
      strength: z.number(),
      halfResponse: positive.optional(),
      hillCoefficient: positive.optional(),
    }),
  ),
  hillCoefficient: positive.default(1),
  noiseAmplitude: z.number().min(0).default(1),
  noiseKind: z.enum(['sp', 'spd', 'dpd']).default('dpd'),
});
type NetworkFile = z.infer<typeof NetworkFile>;

/** A named edge of a network file and where it stands, for messages. */
export interface NamedEdge {
  readonly regulator: string;
  readonly target: string;
  readonly strength: number;
  readonly halfResponse?: number;
  /** Where it is not that of the network. */
  readonly hillCoefficient?: number;
  /** Such as `net.tsv, line 3`. */
  readonly place: string;
}

/** The network as JSON text: genes with decay and basal rate per cell type, edges by name. */
export function formatNetworkJson(network: GeneNetwork): string {
  const { size, cellTypes, geneNames, graph, strengths, basalRates, decays } = network;
  const file: NetworkFile = {
    genes: geneNames.map((name, gene) => ({
      name,
      decay: shortest(decays[gene]!),
      basalRates: Array.from(basalRates.subarray(gene * cellTypes, (gene + 1) * cellTypes), shortest),
    })),
    edges: [],
    hillCoefficient: network.hillCoefficient,
    noiseAmplitude: network.noiseAmplitude,
    noiseKind: network.noiseKind,
  };
  for (let entry = 0; entry < size * size; entry++) {
    if (graph.adjacency[entry] === 0) continue;
    const [regulator, target] = [geneNames[Math.floor(entry / size)]!, geneNames[entry % size]!];
    file.edges.push({
      regulator,
      target,
      strength: shortest(strengths[entry]!),
      halfResponse: statedNumber(network.halfResponses, entry),
      hillCoefficient: statedNumber(network.hillCoefficients, entry),
    });
  }
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * Reads what `formatNetworkJson` writes.
 *
 * @param source - The file's name, for messages.
 * @throws CausalPilotError E_INPUT naming the file and the gene, edge or field that cannot be used.
 */
export function parseNetworkJson(text: string, source: string): GeneNetwork {
  const file = checkedFile(text, source);
  const names = file.genes.map(({ name }) => name);
  const cellTypes = file.genes[0]!.basalRates.length;
  for (const { name, basalRates } of file.genes)
    if (basalRates.length !== cellTypes)
      throw new CausalPilotError(
        'E_INPUT',
        `${source}: gene '${name}' has ${basalRates.length} basal rates where '${names[0]}' has ${cellTypes}; give one per cell type`,
      );
  const edges = file.edges.map((edge, index) => ({ ...edge, place: `${source}, edges[${index}]` }));
  return new GeneNetwork({
    ...graphOfEdges(names, edges, source),
    basalRates: Float32Array.from(file.genes.flatMap(({ basalRates }) => basalRates)),
    decays: Float32Array.from(file.genes, ({ decay }) => decay),
    hillCoefficient: file.hillCoefficient,
    noiseAmplitude: file.noiseAmplitude,
    noiseKind: file.noiseKind,
    geneNames: names,
  });
}

/**
 * Graph, strengths, half responses and Hill coefficients [d, d] of named edges; NaN where an edge does not state them.
 *
 * @throws CausalPilotError E_INPUT for a repeated gene, an edge with an unknown gene, a repeated edge, a strength of 0
 * or a cycle, which is written out.
 */
export function graphOfEdges(
  names: readonly string[],
  edges: readonly NamedEdge[],
  source: string,
): Pick<GeneNetworkParts, 'graph' | 'strengths' | 'halfResponses' | 'hillCoefficients'> {
  const size = names.length;
  const indices = new Map(names.map((name, index) => [name, index]));
  if (indices.size !== size) {
    const repeated = names.find((name, index) => indices.get(name) !== index);
    throw new CausalPilotError('E_INPUT', `${source}: gene '${repeated}' is listed twice; gene names must be distinct`);
  }
  const adjacency = new Uint8Array(size * size);
  const strengths = new Float32Array(size * size);
  for (const { regulator, target, strength, place } of edges) {
    const [from, to] = [regulator, target].map((name) => {
      const index = indices.get(name);
      if (index === undefined)
        throw new CausalPilotError(
          'E_INPUT',
          `${place}: gene '${name}' is not among the network's genes; add it there`,
        );
      return index;
    }) as [number, number];
    const entry = from * size + to;
    if (from === to) throw new CausalPilotError('E_INPUT', `${place}: gene '${regulator}' cannot regulate itself`);
    if (adjacency[entry] === 1)
      throw new CausalPilotError('E_INPUT', `${place}: the edge ${regulator} -> ${target} is there twice; keep one`);
    if (!Number.isFinite(strength) || Math.fround(strength) === 0)
      throw new CausalPilotError(
        'E_INPUT',
        `${place}: the strength of ${regulator} -> ${target} must be finite and not 0, got ${strength}`,
      );
    adjacency[entry] = 1;
    strengths[entry] = strength;
  }
  const entryOf = ({ regulator, target }: NamedEdge) => indices.get(regulator)! * size + indices.get(target)!;
  const stated = (property: 'halfResponse' | 'hillCoefficient') => {
    if (edges.every((edge) => edge[property] === undefined)) return undefined;
    const values = new Float32Array(size * size).fill(Number.NaN);
    for (const edge of edges) values[entryOf(edge)] = edge[property] ?? Number.NaN;
    return values;
  };
  try {
    const graph = new CausalGraph(size, adjacency);
    return { graph, strengths, halfResponses: stated('halfResponse'), hillCoefficients: stated('hillCoefficient') };
  } catch (cause) {
    const cycle = describeCycle(size, adjacency, names);
    throw new CausalPilotError(
      'E_INPUT',
      `${source}: the regulation runs in a circle: ${cycle}; remove one of these edges, a network must be acyclic`,
      { cause },
    );
  }
}

function checkedFile(text: string, source: string): NetworkFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new CausalPilotError('E_INPUT', `${source}: no valid JSON: ${(error as Error).message}`);
  }
  const result = NetworkFile.safeParse(parsed);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new CausalPilotError('E_INPUT', `${source}: ${path.length === 0 ? 'the file' : path.join('.')}: ${message}`);
}

function statedNumber(values: Float32Array | undefined, entry: number): number | undefined {
  const value = values?.[entry] ?? Number.NaN;
  return Number.isNaN(value) ? undefined : shortest(value);
}

/** The shortest decimal number that is the same float32. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
}
