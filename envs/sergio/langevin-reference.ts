import { counterNormals, integerFromWord, threefry } from './counter-random.js';
import type { GeneNetwork } from './gene-network.js';

// Shapes: d genes, B cell types, n cells per type, S steps.

/** How long and how finely the dynamics are followed. */
export interface LangevinSettings {
  /** dt of the Euler-Maruyama scheme. */
  readonly timeStep: number;
  /** The window that snapshots are taken from has this many steps per cell of a type. */
  readonly stepsPerCell: number;
  /** Steps before that window, for each level of the network below the top. */
  readonly safetyStepsPerLevel: number;
}

/** One simulated condition of one network. */
export interface LangevinRequest {
  readonly network: GeneNetwork;
  readonly cellsPerType: number;
  /** [d]: what the condition multiplies each gene's production with; 0 knocks it out, 1 leaves it alone. */
  readonly productionFactors: Float32Array;
  /** [2]: the key of all random numbers of this condition. */
  readonly key: Uint32Array;
}

export interface LangevinPaths {
  /** Steps S; every trajectory has S + 1 states, the first one being the initial concentration. */
  readonly steps: number;
  /** Per gene [S + 1, B]. */
  readonly trajectories: readonly Float32Array[];
  /** [B, n]: the step of each cell's snapshot. */
  readonly snapshotSteps: Int32Array;
  /** [B * n, d]: clean expression, cells of one type together. */
  readonly cells: Float32Array;
}

/** The counter row of the snapshot steps; genes have rows 0 .. d - 1. */
const SNAPSHOT_ROW = 0xffffffff;

/** The Hill function x^c / (h^c + x^c), which is 0 at x = 0 also where h = 0. */
export function hill(concentration: number, halfResponse: number, coefficient: number): number {
  if (concentration === 0) return 0;
  const power = concentration ** coefficient;
  return power / (halfResponse ** coefficient + power);
}

/**
 * Steady-state simulation of the chemical Langevin equation dx = (P - lambda x) dt + noise, the noise being the sum of
 * an independent one of variance P dt for production and one of variance lambda x dt for decay, i.e. one normal of
 * variance (P + lambda x) dt; x is clipped at 0. Genes are simulated level by level: a target at step s reads its
 * regulators at step s, and half responses are the mean over cell types of a regulator's mean snapshot in this same
 * condition. All genes of a cell are read at the same step. Source: Dibaeinia & Sinha, "SERGIO", Cell Systems 2020.
 *
 * This is the readable form; `simulateLangevin` runs the native kernel where it is there, on the same random numbers.
 */
export function simulateLangevinReference(request: LangevinRequest, settings: LangevinSettings): LangevinPaths {
  const { network, cellsPerType } = request;
  const { size, cellTypes } = network;
  const steps = settings.stepsPerCell * cellsPerType + settings.safetyStepsPerLevel * network.depth;
  const snapshotSteps = drawSnapshotSteps(request, settings, steps);
  const trajectories: Float32Array[] = new Array(size);
  const typeMeans = new Float32Array(size * cellTypes);
  const halfResponses = new Float32Array(size);
  const cells = new Float32Array(cellTypes * cellsPerType * size);
  for (const gene of network.graph.topologicalOrder) {
    const dynamics = { request, gene, steps, trajectories, typeMeans, halfResponses };
    const path = followGene(dynamics, settings.timeStep);
    trajectories[gene] = path;
    let total = 0;
    for (let type = 0; type < cellTypes; type++) {
      let sum = 0;
      for (let cell = type * cellsPerType; cell < (type + 1) * cellsPerType; cell++) {
        const value = path[snapshotSteps[cell]! * cellTypes + type]!;
        cells[cell * size + gene] = value;
        sum += value;
      }
      typeMeans[gene * cellTypes + type] = sum / cellsPerType;
      total += sum / cellsPerType;
    }
    halfResponses[gene] = total / cellTypes;
  }
  return { steps, trajectories, snapshotSteps, cells };
}

/** Uniform over the last stepsPerCell * n states. */
function drawSnapshotSteps(request: LangevinRequest, settings: LangevinSettings, steps: number): Int32Array {
  const window = settings.stepsPerCell * request.cellsPerType;
  const words = new Uint32Array(2);
  return Int32Array.from({ length: request.network.cellTypes * request.cellsPerType }, (_, cell) => {
    threefry(request.key, cell, SNAPSHOT_ROW, words);
    return steps + 1 - window + integerFromWord(words[0]!, window);
  });
}

interface GeneDynamics {
  readonly request: LangevinRequest;
  readonly gene: number;
  readonly steps: number;
  /** Of the genes above this one. */
  readonly trajectories: readonly Float32Array[];
  readonly typeMeans: Float32Array;
  readonly halfResponses: Float32Array;
}

/** The gene's concentrations [S + 1, B], from the steady state that its regulators' means imply. */
function followGene(dynamics: GeneDynamics, timeStep: number): Float32Array {
  const { request, gene, steps, typeMeans } = dynamics;
  const { network, productionFactors, key } = request;
  const { cellTypes } = network;
  const path = new Float32Array((steps + 1) * cellTypes);
  const factor = productionFactors[gene]!;
  if (factor === 0) return path;
  const decay = network.decays[gene]!;
  const amplitude = network.noiseAmplitude * Math.sqrt(timeStep);
  const normals = counterNormals(key, gene, steps * cellTypes);
  for (let type = 0; type < cellTypes; type++) {
    const meanOf = (regulator: number) => typeMeans[regulator * cellTypes + type]!;
    path[type] = (factor * production(dynamics, type, meanOf)) / decay;
  }
  for (let step = 0; step < steps; step++) {
    for (let type = 0; type < cellTypes; type++) {
      const at = step * cellTypes + type;
      const x = path[at]!;
      const gain = factor * production(dynamics, type, (regulator) => dynamics.trajectories[regulator]![at]!);
      const noise = amplitude * Math.sqrt(gain + decay * x) * normals[at]!;
      path[at + cellTypes] = Math.max(0, x + (gain - decay * x) * timeStep + noise);
    }
  }
  return path;
}

/** P = the basal rate of a gene without regulators, else sum of |k| hill(x) over activators and |k| (1 - hill(x)) over repressors. */
function production(dynamics: GeneDynamics, type: number, concentrationOf: (regulator: number) => number): number {
  const { gene, halfResponses } = dynamics;
  const { network } = dynamics.request;
  const { offsets, regulators, strengths } = network.regulatorLists;
  const first = offsets[gene]!;
  const last = offsets[gene + 1]!;
  if (first === last) return network.basalRates[gene * network.cellTypes + type]!;
  let total = 0;
  for (let edge = first; edge < last; edge++) {
    const regulator = regulators[edge]!;
    const strength = strengths[edge]!;
    const response = hill(concentrationOf(regulator), halfResponses[regulator]!, network.hillCoefficient);
    total += strength > 0 ? strength * response : -strength * (1 - response);
  }
  return total;
}
