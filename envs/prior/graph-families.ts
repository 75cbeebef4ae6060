import * as z from 'zod';
import { CausalGraph } from '../../core/causal/graph.js';
import type { RandomStream } from '../../core/random/stream.js';

const cliqueSize = z.number().int().min(2).default(3).describe('variables per clique');

/** Families of graphs, every edge from a smaller to a larger index unless said otherwise; the goal task draws from all. */
export const DagConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('complete') }).describe('every pair joined'),
  z.strictObject({
    kind: z.literal('erdos-renyi'),
    probability: z.number().min(0).max(1).default(0.5).describe('of an edge between any pair'),
  }),
  z.strictObject({ kind: z.literal('path') }).describe('a directed chain'),
  z.strictObject({ kind: z.literal('line') }).describe('a chain whose edges point at random'),
  z.strictObject({ kind: z.literal('in-star') }).describe('all variables point at the last one'),
  z.strictObject({ kind: z.literal('out-star') }).describe('the first variable points at all others'),
  z.strictObject({ kind: z.literal('tree') }).describe('a uniform random tree, directed along a random order'),
  z.strictObject({ kind: z.literal('rooted-tree') }).describe('every variable has one random earlier parent'),
  z.strictObject({
    kind: z.literal('barabasi-albert'),
    edgesPerStep: z.number().int().min(1).default(2).describe('parents of each newcomer, preferring hubs'),
  }),
  z.strictObject({
    kind: z.literal('chordal'),
    probability: z.number().min(0).max(1).default(0.5).describe('of a parent, before the parents are married'),
  }),
  z
    .strictObject({ kind: z.literal('clique-tree'), cliqueSize })
    .describe('cliques overlapping in all but one variable'),
]);
export type DagConfig = z.infer<typeof DagConfig>;

type Sampler<Kind extends DagConfig['kind']> = (
  config: Extract<DagConfig, { kind: Kind }>,
  size: number,
  stream: RandomStream,
) => Uint8Array;

/** One adjacency sampler per family. */
const SAMPLERS: { readonly [Kind in DagConfig['kind']]: Sampler<Kind> } = {
  complete: (_, size) => fromParents(size, (child) => range(child)),
  'erdos-renyi': ({ probability }, size, stream) => erdosRenyi(size, probability, stream),
  path: (_, size) => fromParents(size, (child) => (child === 0 ? [] : [child - 1])),
  line: (_, size, stream) => {
    const adjacency = new Uint8Array(size * size);
    for (let i = 0; i + 1 < size; i++) {
      const [from, to] = stream.bernoulli(0.5) ? [i, i + 1] : [i + 1, i];
      adjacency[from * size + to] = 1;
    }
    return adjacency;
  },
  'in-star': (_, size) => fromParents(size, (child) => (child === size - 1 ? range(child) : [])),
  'out-star': (_, size) => fromParents(size, (child) => (child === 0 ? [] : [0])),
  tree: (_, size, stream) => randomTree(size, stream),
  'rooted-tree': (_, size, stream) => fromParents(size, (child) => (child === 0 ? [] : [stream.integer(child)])),
  'barabasi-albert': ({ edgesPerStep }, size, stream) =>
    fromParents(size, preferentialAttachment(size, edgesPerStep, { attractedBy: 'degree', stream })),
  chordal: ({ probability }, size, stream) => randomChordal(size, probability, stream),
  'clique-tree': (config, size, stream) => cliqueTree(size, config.cliqueSize, stream),
};

/** One graph of the family over `size` variables. */
export function sampleDag(config: DagConfig, size: number, stream: RandomStream): CausalGraph {
  const sample = SAMPLERS[config.kind] as Sampler<DagConfig['kind']>;
  return new CausalGraph(size, sample(config, size, stream));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function fromParents(size: number, parentsOf: (child: number) => readonly number[]): Uint8Array {
  const adjacency = new Uint8Array(size * size);
  for (let child = 0; child < size; child++)
    for (const parent of parentsOf(child)) adjacency[parent * size + child] = 1;
  return adjacency;
}

/** A uniform labelled tree from a random Pruefer sequence; each edge goes from the smaller to the larger index. */
function randomTree(size: number, stream: RandomStream): Uint8Array {
  const adjacency = new Uint8Array(size * size);
  const join = (a: number, b: number) => {
    adjacency[Math.min(a, b) * size + Math.max(a, b)] = 1;
  };
  if (size < 2) return adjacency;
  const sequence = Array.from({ length: size - 2 }, () => stream.integer(size));
  const degree = new Int32Array(size).fill(1);
  for (const node of sequence) degree[node]!++;
  for (const node of sequence) {
    const leaf = degree.indexOf(1);
    join(leaf, node);
    degree[leaf]!--;
    degree[node]!--;
  }
  const last = degree.indexOf(1);
  join(last, degree.indexOf(1, last + 1));
  return adjacency;
}

/** Every pair alike: [size, size] adjacency of a strictly upper triangular matrix whose entries are drawn one by one. */
export function erdosRenyi(size: number, probability: number, stream: RandomStream): Uint8Array {
  return fromParents(size, (child) => range(child).filter(() => stream.bernoulli(probability)));
}

export interface PreferentialAttachmentOptions {
  /** What draws newcomers, besides the 1 of every variable: edges of any newcomers to it, or all its edges. */
  readonly attractedBy: 'in-degree' | 'degree';
  readonly stream: RandomStream;
}

/**
 * Barabasi-Albert with power 1: variables arrive one by one, and each takes `edgesPerStep` different elders (or all there
 * are) with probability proportional to 1 + their edges. What is returned gives the elders of each newcomer and must be
 * asked in the order of arrival.
 */
export function preferentialAttachment(
  size: number,
  edgesPerStep: number,
  { attractedBy, stream }: PreferentialAttachmentOptions,
): (newcomer: number) => number[] {
  const attraction = new Float64Array(size).fill(1);
  return (newcomer) => {
    const weights = attraction.slice(0, newcomer);
    return range(Math.min(edgesPerStep, newcomer)).map(() => {
      const elder = stream.weightedIndex(weights);
      weights[elder] = 0;
      attraction[elder]!++;
      if (attractedBy === 'degree') attraction[newcomer]!++;
      return elder;
    });
  };
}

/** Random parents, then, from the last variable back, the parents of every variable are joined: no colliders remain. */
function randomChordal(size: number, probability: number, stream: RandomStream): Uint8Array {
  const adjacency = fromParents(size, (child) => {
    const parents = range(child).filter(() => stream.bernoulli(probability));
    return parents.length > 0 || child === 0 ? parents : [stream.integer(child)];
  });
  for (let child = size - 1; child > 1; child--)
    for (let b = 1; b < child; b++)
      for (let a = 0; a < b; a++)
        if (adjacency[a * size + child] === 1 && adjacency[b * size + child] === 1) adjacency[a * size + b] = 1;
  return adjacency;
}

/** A clique to start with; every further variable joins all but one variable of a random clique, making a new one. */
function cliqueTree(size: number, cliqueSize: number, stream: RandomStream): Uint8Array {
  const cliques: number[][] = [range(Math.min(cliqueSize, size))];
  return fromParents(size, (child) => {
    if (child < cliqueSize) return range(child);
    const clique = cliques[stream.integer(cliques.length)]!;
    const left = stream.integer(clique.length);
    const parents = clique.filter((_, position) => position !== left);
    cliques.push([...parents, child]);
    return parents;
  });
}
