import { CausalGraph } from '../../../core/causal/graph.js';
import { RandomStream } from '../../../core/random/stream.js';
import { SergioConfig } from '../../../envs/sergio/config.js';
import { GeneNetwork } from '../../../envs/sergio/gene-network.js';
import { sampleGeneNetwork } from '../../../envs/sergio/gene-network-prior.js';

/** A network from the prior, with some of its settings changed. */
export function randomNetwork(name: string, changes: Record<string, unknown> = {}): GeneNetwork {
  return sampleGeneNetwork(
    SergioConfig.parse({ kind: 'sergio', ...changes }),
    new RandomStream(`test/sergio/network/${name}`),
  );
}

/** gene0 -> gene1 -> ..., with the given strengths and basal rates of gene0 per cell type. */
export function chainNetwork(
  strengths: readonly number[],
  basalRates: readonly number[],
  {
    hillCoefficient = 1,
    noiseAmplitude = 1,
    decay = 0.8,
    halfResponses = undefined as readonly number[] | undefined,
  } = {},
): GeneNetwork {
  const size = strengths.length + 1;
  const adjacency = new Uint8Array(size * size);
  const matrix = new Float32Array(size * size);
  strengths.forEach((strength, regulator) => {
    adjacency[regulator * size + regulator + 1] = 1;
    matrix[regulator * size + regulator + 1] = strength;
  });
  return new GeneNetwork({
    graph: new CausalGraph(size, adjacency),
    strengths: matrix,
    halfResponses: halfResponses && alongChain(halfResponses),
    basalRates: Float32Array.from({ length: size * basalRates.length }, (_, i) => basalRates[i % basalRates.length]!),
    decays: new Float32Array(size).fill(decay),
    hillCoefficient,
    noiseAmplitude,
  });
}

/** [d, d] with the numbers of the edges of a chain, NaN elsewhere. */
function alongChain(numbers: readonly number[]): Float32Array {
  const size = numbers.length + 1;
  return Float32Array.from({ length: size * size }, (_, entry) => {
    const from = Math.floor(entry / size);
    return entry % size === from + 1 ? numbers[from]! : Number.NaN;
  });
}

/** The column of one gene in cells [R, d]. */
export function geneColumn(cells: Float32Array, size: number, gene: number): Float32Array {
  return Float32Array.from({ length: cells.length / size }, (_, cell) => cells[cell * size + gene]!);
}

export function mean(values: Iterable<number> & ArrayLike<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total / values.length;
}

export function deviation(values: Float32Array): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}
