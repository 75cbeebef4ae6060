import type { CausalGraph } from '../../core/causal/graph.js';
import { CausalPilotError } from '../../core/errors.js';

// Shapes: d genes, B cell types.

/**
 * The three kinds of SERGIO: noise of production alone (`sp`), one noise for production and decay together (`spd`), or two
 * independent ones (`dpd`). The variance in a unit of time is P, + lambda x of decay, + 2 sqrt(P lambda x) where both are one.
 */
export const NOISE_KINDS = {
  sp: { ofDecay: false, joint: false },
  spd: { ofDecay: true, joint: true },
  dpd: { ofDecay: true, joint: false },
} as const;
export type NoiseKind = keyof typeof NOISE_KINDS;

export interface GeneNetworkParts {
  readonly graph: CausalGraph;
  /** [d, d]: k of regulator i on target j at i * d + j; positive activates, negative represses, 0 without an edge. */
  readonly strengths: Float32Array;
  /** [d, B]: production rate of each gene per cell type; read for genes without regulators only. */
  readonly basalRates: Float32Array;
  /** [d]: decay rate of each gene. */
  readonly decays: Float32Array;
  /** Exponent of the Hill function. */
  readonly hillCoefficient: number;
  /** [d, d]: exponents of edges that have their own; NaN elsewhere. */
  readonly hillCoefficients?: Float32Array;
  /** [d, d]: the regulator's concentration at half of its full effect, NaN where it is not stated; left out: nowhere. */
  readonly halfResponses?: Float32Array;
  /** Factor on the stochastic part of the dynamics. */
  readonly noiseAmplitude: number;
  /** What the stochastic part is made of. @defaultValue `dpd` */
  readonly noiseKind?: NoiseKind;
  /** [d], distinct; `gene0`, `gene1`, ... if left out. */
  readonly geneNames?: readonly string[];
}

/** Regulators of each gene as lists: those of gene j are at `offsets[j] .. offsets[j + 1]`. */
export interface RegulatorLists {
  readonly offsets: Int32Array;
  readonly regulators: Int32Array;
  readonly strengths: Float32Array;
  readonly hillCoefficients: Float32Array;
  /** Negative where the network does not state it: then it follows from the regulator's expression. */
  readonly halfResponses: Float32Array;
}

/** A gene regulatory network with everything that its steady-state dynamics depend on. Immutable once made. */
export class GeneNetwork {
  readonly size: number;
  readonly cellTypes: number;
  readonly graph: CausalGraph;
  readonly strengths: Float32Array;
  readonly basalRates: Float32Array;
  readonly decays: Float32Array;
  readonly hillCoefficient: number;
  readonly hillCoefficients: Float32Array | undefined;
  readonly halfResponses: Float32Array | undefined;
  readonly noiseAmplitude: number;
  readonly noiseKind: NoiseKind;
  readonly geneNames: readonly string[];
  /** [d]: 0 for genes without regulators, otherwise 1 + the highest level among the regulators. */
  readonly levels: Int32Array;
  readonly regulatorLists: RegulatorLists;

  /** @throws CausalPilotError E_INPUT naming the gene or edge whose numbers cannot be used. */
  constructor(parts: GeneNetworkParts) {
    this.size = parts.graph.size;
    this.graph = parts.graph;
    this.cellTypes = parts.basalRates.length / this.size;
    this.strengths = parts.strengths;
    this.basalRates = parts.basalRates;
    this.decays = parts.decays;
    this.hillCoefficient = parts.hillCoefficient;
    this.hillCoefficients = parts.hillCoefficients;
    this.halfResponses = parts.halfResponses;
    this.noiseAmplitude = parts.noiseAmplitude;
    this.noiseKind = parts.noiseKind ?? 'dpd';
    this.geneNames = parts.geneNames ?? Array.from({ length: this.size }, (_, gene) => `gene${gene}`);
    this.#check();
    this.regulatorLists = this.#listRegulators();
    this.levels = this.#computeLevels();
  }

  /** The longest chain of regulation, in edges. */
  get depth(): number {
    return this.levels.reduce((deepest, level) => Math.max(deepest, level), 0);
  }

  /** @throws CausalPilotError E_INPUT if no gene has this name. */
  geneIndex(name: string): number {
    const index = this.geneNames.indexOf(name);
    if (index === -1)
      throw new CausalPilotError('E_INPUT', `gene '${name}' is not in the network; its genes are ${this.#nameList()}`);
    return index;
  }

  #nameList(): string {
    const shown = this.geneNames.slice(0, 12).join(', ');
    return this.size > 12 ? `${shown}, ... (${this.size} in all)` : shown;
  }

  #check(): void {
    const { size, cellTypes, graph } = this;
    if (!Number.isInteger(cellTypes) || cellTypes < 1)
      throw invalid(
        `'basalRates' must hold genes x cell types numbers, got ${this.basalRates.length} for ${size} genes`,
      );
    if (this.strengths.length !== size * size || this.decays.length !== size || this.geneNames.length !== size)
      throw invalid(
        `${size} genes need ${size * size} strengths, ${size} decays and ${size} names, got ${this.strengths.length}, ${this.decays.length} and ${this.geneNames.length}`,
      );
    for (const edgewise of [this.hillCoefficients, this.halfResponses])
      if (edgewise !== undefined && edgewise.length !== size * size)
        throw invalid(`${size} genes need ${size * size} numbers for their edges, got ${edgewise.length}`);
    if (new Set(this.geneNames).size !== size) throw invalid('gene names must be distinct');
    if (!(this.hillCoefficient > 0 && Number.isFinite(this.hillCoefficient)))
      throw invalid(`the Hill coefficient must be positive and finite, got ${this.hillCoefficient}`);
    if (!(this.noiseAmplitude >= 0 && Number.isFinite(this.noiseAmplitude)))
      throw invalid(`the noise amplitude must be at least 0 and finite, got ${this.noiseAmplitude}`);
    for (let entry = 0; entry < size * size; entry++) {
      const strength = this.strengths[entry]!;
      const hasEdge = graph.adjacency[entry] === 1;
      const edge = `${this.geneNames[Math.floor(entry / size)]} -> ${this.geneNames[entry % size]}`;
      if (hasEdge) this.#checkResponse(entry, edge);
      if (Number.isFinite(strength) && (strength !== 0) === hasEdge) continue;
      throw invalid(
        `the strength of ${edge} must be ${hasEdge ? 'finite and not 0' : '0: it is no edge'}, got ${strength}`,
      );
    }
    this.#checkRates();
  }

  #checkResponse(entry: number, edge: string): void {
    const numbers = { 'Hill coefficient': this.hillCoefficients, 'half response': this.halfResponses };
    for (const [name, values] of Object.entries(numbers)) {
      const value = values?.[entry] ?? Number.NaN;
      if (!Number.isNaN(value) && !(value > 0 && Number.isFinite(value)))
        throw invalid(`the ${name} of ${edge} must be positive and finite, got ${value}`);
    }
  }

  #checkRates(): void {
    for (let gene = 0; gene < this.size; gene++) {
      const decay = this.decays[gene]!;
      if (!(decay > 0 && Number.isFinite(decay)))
        throw invalid(`the decay of ${this.geneNames[gene]} must be positive and finite, got ${decay}`);
      for (let type = 0; type < this.cellTypes; type++) {
        const rate = this.basalRates[gene * this.cellTypes + type]!;
        if (!(rate >= 0 && Number.isFinite(rate)))
          throw invalid(
            `the basal rate of ${this.geneNames[gene]} in cell type ${type} must be at least 0 and finite, got ${rate}`,
          );
      }
    }
  }

  #listRegulators(): RegulatorLists {
    const { size, graph } = this;
    const offsets = new Int32Array(size + 1);
    const regulators = new Int32Array(graph.edgeCount);
    const strengths = new Float32Array(regulators.length);
    const hillCoefficients = new Float32Array(regulators.length);
    const halfResponses = new Float32Array(regulators.length);
    let edge = 0;
    for (let target = 0; target < size; target++) {
      offsets[target] = edge;
      for (const regulator of graph.parents(target)) {
        const entry = regulator * size + target;
        regulators[edge] = regulator;
        strengths[edge] = this.strengths[entry]!;
        hillCoefficients[edge] = statedOr(this.hillCoefficients?.[entry], this.hillCoefficient);
        halfResponses[edge++] = statedOr(this.halfResponses?.[entry], -1);
      }
    }
    offsets[size] = edge;
    return { offsets, regulators, strengths, hillCoefficients, halfResponses };
  }

  #computeLevels(): Int32Array {
    const { offsets, regulators } = this.regulatorLists;
    const levels = new Int32Array(this.size);
    for (const gene of this.graph.topologicalOrder) {
      for (let edge = offsets[gene]!; edge < offsets[gene + 1]!; edge++)
        levels[gene] = Math.max(levels[gene]!, levels[regulators[edge]!]! + 1);
    }
    return levels;
  }
}

function statedOr(value: number | undefined, otherwise: number): number {
  return value === undefined || Number.isNaN(value) ? otherwise : value;
}

function invalid(problem: string): CausalPilotError {
  return new CausalPilotError('E_INPUT', `gene network: ${problem}`);
}
