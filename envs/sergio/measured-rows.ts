import type { RandomStream } from '../../core/random/stream.js';
import type { SergioConfig } from './config.js';
import type { GeneNetwork } from './gene-network.js';
import { independentPlan, type LangevinPlan, snapshotPlan } from './langevin-plan.js';

// Which cells are simulated for the rows that are asked for. Shapes: R rows, d genes, C paths, n cells per path.

type CellSettings = Pick<
  SergioConfig,
  'cells' | 'measurement' | 'platform' | 'timeStep' | 'stepsPerCell' | 'safetyStepsPerLevel'
>;

/** Measured cells and where they come from. */
export interface MeasuredCells {
  /** [R, d]: counts, or clean expression where the settings have no technical noise. */
  readonly values: Float32Array;
  /** [R]: the cell type of each row. */
  readonly cellTypes: Int32Array;
  /** [R]: the batch of each row. */
  readonly batches: Int32Array;
}

/** The paths that cover `rows` cells. */
export function planOfRows(
  network: GeneNetwork,
  settings: CellSettings,
  { rows, stream }: { readonly rows: number; readonly stream: RandomStream },
): LangevinPlan {
  const covering = Math.ceil(rows / network.cellTypes);
  if (settings.cells === 'snapshots') return snapshotPlan(network, covering, settings);
  const depends = settings.measurement === 'condition' && settings.platform !== 'none';
  const cellTypes = dividedRows(depends ? covering * network.cellTypes : rows, network.cellTypes, stream);
  return independentPlan(network, cellTypes, settings.timeStep);
}

/** [rows]: cell types in order, as often as each other; those of them that are one more often are drawn. */
function dividedRows(rows: number, cellTypes: number, stream: RandomStream): Int32Array {
  const share = Math.floor(rows / cellTypes);
  const favoured = new Set(stream.child('cell types').choose(cellTypes, rows % cellTypes));
  const counts = Array.from({ length: cellTypes }, (_, type) => share + (favoured.has(type) ? 1 : 0));
  return Int32Array.from(counts.flatMap((count, type) => new Array<number>(count).fill(type)));
}

/** [C * n]: the type of each cell of a plan. */
export function typesOfCells({ pathTypes, cellsPerPath }: LangevinPlan): Int32Array {
  const types = new Int32Array(pathTypes.length * cellsPerPath);
  pathTypes.forEach((type, path) => {
    types.fill(type, path * cellsPerPath, (path + 1) * cellsPerPath);
  });
  return types;
}

/** The cells with these numbers. */
export function chosenRows(
  { values, cellTypes, batches }: MeasuredCells,
  genes: number,
  chosen: Int32Array,
): MeasuredCells {
  const kept = new Float32Array(chosen.length * genes);
  chosen.forEach((cell, row) => {
    kept.set(values.subarray(cell * genes, (cell + 1) * genes), row * genes);
  });
  const of = (labels: Int32Array) => chosen.map((cell) => labels[cell]!);
  return { values: kept, cellTypes: of(cellTypes), batches: of(batches) };
}
