import type { GeneNetwork } from './gene-network.js';

// Shapes: C paths.

/** Steps of one length, in a row. */
export interface LangevinPhase {
  /** Steps of the time step that one of this phase stands for, with their moments; 1: those steps themselves. */
  readonly substeps: number;
  readonly steps: number;
}

/** Which paths of a network are followed, how far, and where cells are read from them. */
export interface LangevinPlan {
  /** dt of the Euler-Maruyama scheme. */
  readonly timeStep: number;
  /** [C]: the cell type of each path. */
  readonly pathTypes: Int32Array;
  readonly cellsPerPath: number;
  /** Cells are read at uniformly random ones of the last states of a path, this many. */
  readonly window: number;
  /** `steady`: at the steady state that the regulators' mean cells imply; `scattered`: about it, nearly in the stationary law. */
  readonly start: 'steady' | 'scattered';
  readonly phases: readonly LangevinPhase[];
}

/** How the published scheme follows one path per cell type. */
export interface SnapshotSettings {
  readonly timeStep: number;
  /** The window that snapshots are taken from has this many steps per cell of a type. */
  readonly stepsPerCell: number;
  /** Steps before that window, for each level of the network below the top. */
  readonly safetyStepsPerLevel: number;
}

/** Of the slowest gene's relaxation, what a path that starts scattered takes to forget its start, and more for each level. */
const RELAXATIONS = 5;
const RELAXATIONS_PER_LEVEL = 0.25;
/** Share of a relaxation that a long step takes; four times as many short ones settle what is near 0. */
const LONG_STEP = 0.1;
const SHORT_STEPS = 20;
/** Paths, cells on each and relaxations between those cells from which constants of a system are estimated. */
const REFERENCE_PATHS = 80;
const REFERENCE_CELLS_PER_PATH = 8;
const REFERENCE_RELAXATIONS = 12;

/** The published cells: snapshots, at random steps, of one path per cell type that starts without noise. */
export function snapshotPlan(network: GeneNetwork, cellsPerType: number, settings: SnapshotSettings): LangevinPlan {
  const window = settings.stepsPerCell * cellsPerType;
  return {
    timeStep: settings.timeStep,
    pathTypes: Int32Array.from({ length: network.cellTypes }, (_, type) => type),
    cellsPerPath: cellsPerType,
    window,
    start: 'steady',
    phases: [{ substeps: 1, steps: window + settings.safetyStepsPerLevel * network.depth }],
  };
}

/**
 * Independent cells of the given types: each is the last state of a path of its own. Means and standard deviations are
 * within 1.2 % of those of the stationary law (0.24 % root mean square; networks of `sergio_system_half_responses.json`).
 */
export function independentPlan(network: GeneNetwork, cellTypes: Int32Array, timeStep: number): LangevinPlan {
  const long = longSteps(network, timeStep);
  const relaxations = RELAXATIONS + RELAXATIONS_PER_LEVEL * network.depth;
  return {
    timeStep,
    pathTypes: cellTypes,
    cellsPerPath: 1,
    window: 1,
    start: 'scattered',
    phases: [
      { substeps: long.substeps, steps: Math.ceil(relaxations * long.perRelaxation) },
      { substeps: Math.max(1, Math.round(long.substeps / 4)), steps: SHORT_STEPS },
    ],
  };
}

/** Cells of every type from which constants of a system are estimated; some of them lie on one path. */
export function referencePlan(network: GeneNetwork, timeStep: number): LangevinPlan {
  const { substeps, perRelaxation } = longSteps(network, timeStep);
  const perType = Math.ceil(REFERENCE_PATHS / network.cellTypes);
  const window = Math.ceil(REFERENCE_RELAXATIONS * perRelaxation);
  const relaxations = RELAXATIONS + RELAXATIONS_PER_LEVEL * network.depth;
  return {
    timeStep,
    pathTypes: Int32Array.from({ length: perType * network.cellTypes }, (_, path) => Math.floor(path / perType)),
    cellsPerPath: REFERENCE_CELLS_PER_PATH,
    window,
    start: 'scattered',
    phases: [{ substeps, steps: Math.ceil(relaxations * perRelaxation) + window }],
  };
}

/** Long steps resolve the fastest gene; there are this many of them in a relaxation of the slowest. */
function longSteps({ decays }: GeneNetwork, timeStep: number): { substeps: number; perRelaxation: number } {
  const fastest = decays.reduce((a, b) => Math.max(a, b), 0);
  const slowest = decays.reduce((a, b) => Math.min(a, b), fastest);
  const substeps = Math.max(1, Math.floor(LONG_STEP / (fastest * timeStep)));
  return { substeps, perRelaxation: 1 / (slowest * timeStep * substeps) };
}
