import { counterNormals, integerFromWord, threefry } from './counter-random.js';
import { type GeneNetwork, NOISE_KINDS } from './gene-network.js';
import type { LangevinPhase, LangevinPlan } from './langevin-plan.js';

// Shapes: d genes, C paths, n cells per path, S steps, E edges.

/** One simulated condition of one network. */
export interface LangevinRequest {
  readonly network: GeneNetwork;
  readonly plan: LangevinPlan;
  /** [d]: what the condition multiplies each gene's production with; 0 knocks it out, 1 leaves it alone. */
  readonly productionFactors: Float32Array;
  /** [E], in the order of the network's regulator lists: negative where it is the mean of the regulator's own cells here. */
  readonly halfResponses: Float32Array;
  /** [2]: the key of all random numbers of this condition. */
  readonly key: Uint32Array;
}

export interface LangevinPaths {
  /** Steps S; every trajectory has S + 1 states, the first one being the initial concentration. */
  readonly steps: number;
  /** Per gene [S + 1, C]. */
  readonly trajectories: readonly Float32Array[];
  /** [C, n]: the step of each cell's snapshot. */
  readonly snapshotSteps: Int32Array;
  /** [C * n, d]: clean expression, cells of one path together. */
  readonly cells: Float32Array;
}

/** The counter row of the snapshot steps; genes have rows 0 .. d - 1. */
const SNAPSHOT_ROW = 0xffffffff;

/**
 * Standard deviations of a step by which a walk that is clipped at 0 after every step lies below one that is reflected in
 * continuous time: -zeta(1/2) / sqrt(2 pi) (Asmussen, Glynn & Pitman, Annals of Applied Probability 1995).
 */
const CLIPPING_SHIFT = 0.5826;

/** The Hill function x^c / (h^c + x^c), which is 0 at x = 0 also where h = 0. */
export function hill(concentration: number, halfResponse: number, coefficient: number): number {
  if (concentration === 0) return 0;
  const power = concentration ** coefficient;
  return power / (halfResponse ** coefficient + power);
}

/**
 * Steady-state simulation of the chemical Langevin equation dx = (P - lambda x) dt + noise, the noise being the sum of
 * an independent one of variance P dt for production and one of variance lambda x dt for decay, i.e. one normal of
 * variance (P + lambda x) dt (other kinds: `NOISE_KINDS`); x is clipped at 0. Genes are simulated level by level: a target at step s reads its
 * regulators at step s. All genes of a cell are read at the same step. Source: Dibaeinia & Sinha, "SERGIO", Cell Systems 2020.
 * Phases of several substeps leap over them (`Leap`).
 *
 * This is the readable form; `simulateLangevin` runs the native kernel where it is there, on the same random numbers.
 */
export function simulateLangevinReference(request: LangevinRequest): LangevinPaths {
  const { network, plan } = request;
  const { size } = network;
  const paths = plan.pathTypes.length;
  const steps = plan.phases.reduce((total, phase) => total + phase.steps, 0);
  const snapshotSteps = drawSnapshotSteps(request, steps);
  const trajectories: Float32Array[] = new Array(size);
  const pathMeans: Float32Array[] = new Array(size);
  const geneMeans = new Float32Array(size);
  const cells = new Float32Array(paths * plan.cellsPerPath * size);
  for (const gene of network.graph.topologicalOrder) {
    const trajectory = followGene({ request, gene, steps, trajectories, pathMeans, geneMeans });
    trajectories[gene] = trajectory;
    pathMeans[gene] = new Float32Array(paths);
    for (let path = 0; path < paths; path++) {
      let sum = 0;
      for (let cell = path * plan.cellsPerPath; cell < (path + 1) * plan.cellsPerPath; cell++) {
        const value = trajectory[snapshotSteps[cell]! * paths + path]!;
        cells[cell * size + gene] = value;
        sum += value;
      }
      pathMeans[gene][path] = sum / plan.cellsPerPath;
    }
    geneMeans[gene] = pathMeans[gene].reduce((total, mean) => total + mean, 0) / paths;
  }
  return { steps, trajectories, snapshotSteps, cells };
}

/** Uniform over the last `window` states. */
function drawSnapshotSteps({ plan, key }: LangevinRequest, steps: number): Int32Array {
  const words = new Uint32Array(2);
  return Int32Array.from({ length: plan.pathTypes.length * plan.cellsPerPath }, (_, cell) => {
    threefry(key, cell, SNAPSHOT_ROW, words);
    return steps + 1 - plan.window + integerFromWord(words[0]!, plan.window);
  });
}

interface GeneDynamics {
  readonly request: LangevinRequest;
  readonly gene: number;
  readonly steps: number;
  /** Of the genes above this one: [S + 1, C], [C] and one number each. */
  readonly trajectories: readonly Float32Array[];
  readonly pathMeans: readonly Float32Array[];
  readonly geneMeans: Float32Array;
}

/** The gene's concentrations [S + 1, C]. */
function followGene(dynamics: GeneDynamics): Float32Array {
  const { request, gene, steps } = dynamics;
  const { network, plan, productionFactors, key } = request;
  const paths = plan.pathTypes.length;
  const trajectory = new Float32Array((steps + 1) * paths);
  const factor = productionFactors[gene]!;
  if (factor === 0) return trajectory;
  const scattered = plan.start === 'scattered';
  const normals = counterNormals(key, gene, (scattered ? steps + 1 : steps) * paths);
  const produced = (step: number, path: number) =>
    factor * production(dynamics, path, (regulator) => dynamics.trajectories[regulator]![step * paths + path]!);
  for (let path = 0; path < paths; path++) {
    const meanOf = (regulator: number) => dynamics.pathMeans[regulator]![path]!;
    const gain = scattered ? produced(0, path) : factor * production(dynamics, path, meanOf);
    const steady = gain / network.decays[gene]!;
    const variance = (spread(network, gain, gain) ** 2 / (2 * network.decays[gene]!)) * network.noiseAmplitude ** 2;
    const offset = scattered ? Math.sqrt(variance) * normals[steps * paths + path]! : 0;
    trajectory[path] = Math.max(0, steady + offset);
  }
  let step = 0;
  for (const phase of plan.phases) {
    const advance = stepOf(request, gene, phase);
    for (const end = step + phase.steps; step < end; step++)
      for (let path = 0; path < paths; path++) {
        const at = step * paths + path;
        const start = step;
        trajectory[at + paths] = advance(trajectory[at]!, (ahead) => produced(start + ahead, path), normals[at]!);
      }
  }
  return trajectory;
}

/** Concentration after a step of a phase, from the one before it, production now and a step ahead, and a standard normal. */
type Step = (x: number, produced: (ahead: 0 | 1) => number, normal: number) => number;

function stepOf({ network, plan }: LangevinRequest, gene: number, { substeps }: LangevinPhase): Step {
  const { timeStep } = plan;
  const decay = network.decays[gene]!;
  if (substeps > 1) return leap(network, { substeps, timeStep, decay });
  const amplitude = network.noiseAmplitude * Math.sqrt(timeStep);
  return (x, produced, normal) => {
    const gain = produced(0);
    return Math.max(0, x + (gain - decay * x) * timeStep + amplitude * spread(network, gain, decay * x) * normal);
  };
}

/** Standard deviation of the noise of a unit of time, over its amplitude. */
function spread({ noiseKind }: GeneNetwork, gain: number, loss: number): number {
  const { ofDecay, joint } = NOISE_KINDS[noiseKind];
  return Math.sqrt(gain + (ofDecay ? loss : 0) + (joint ? 2 * Math.sqrt(gain * loss) : 0));
}

interface LeapOptions {
  readonly substeps: number;
  readonly timeStep: number;
  readonly decay: number;
}

/**
 * One step in place of several: with their mean and variance under a constant production, away from 0 (the noise taken at
 * the decay that they have on average, by their weight in the result), that production being the average over the substeps of a line from now to next. At 0 it is reflected, as many clipped steps are seen
 * from afar, about the level below 0 that their clipping amounts to.
 */
function leap(network: GeneNetwork, { substeps, timeStep, decay }: LeapOptions): Step {
  const kept = 1 - decay * timeStep;
  let power = 1;
  let weight = 0;
  let fromStart = 0;
  for (let step = substeps - 1; step >= 0; step--, power *= kept) {
    weight += power ** 2;
    fromStart += power ** 2 * kept ** step;
  }
  const scale = network.noiseAmplitude * Math.sqrt(weight * timeStep);
  const later = (substeps - 1) / (2 * substeps);
  return (x, produced, normal) => {
    const now = produced(0);
    const gain = now + (produced(1) - now) * later;
    const loss = gain * (1 - fromStart / weight) + (decay * x * fromStart) / weight;
    const noise = scale * spread(network, gain, loss) * normal;
    const shift = CLIPPING_SHIFT * network.noiseAmplitude * Math.sqrt(gain * timeStep);
    const free = x * power + (gain * (1 - power)) / decay + noise;
    return Math.max(0, Math.abs(free + shift) - shift);
  };
}

/** P = the basal rate of a gene without regulators, else sum of |k| hill(x) over activators and |k| (1 - hill(x)) over repressors. */
function production(dynamics: GeneDynamics, path: number, concentrationOf: (regulator: number) => number): number {
  const { request, gene, geneMeans } = dynamics;
  const { network, plan, halfResponses } = request;
  const { offsets, regulators, strengths, hillCoefficients } = network.regulatorLists;
  const first = offsets[gene]!;
  const last = offsets[gene + 1]!;
  if (first === last) return network.basalRates[gene * network.cellTypes + plan.pathTypes[path]!]!;
  let total = 0;
  for (let edge = first; edge < last; edge++) {
    const regulator = regulators[edge]!;
    const strength = strengths[edge]!;
    const own = halfResponses[edge]!;
    const halfResponse = own < 0 ? geneMeans[regulator]! : own;
    const response = hill(concentrationOf(regulator), halfResponse, hillCoefficients[edge]!);
    total += strength > 0 ? strength * response : -strength * (1 - response);
  }
  return total;
}
