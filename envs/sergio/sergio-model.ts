import { type Intervention, type InterventionKind, validateIntervention } from '../../core/causal/intervention.js';
import { CausalPilotError } from '../../core/errors.js';
import { nativeSergioKernel } from '../../core/native/ops/sergio.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { CausalModel } from '../prior/causal-model.js';
import type { SergioConfig } from './config.js';
import type { GeneNetwork } from './gene-network.js';
import { simulateLangevin } from './langevin.js';
import type { LangevinRequest } from './langevin-reference.js';
import { PLATFORMS, platformSteps } from './platforms.js';
import { applyTechnicalNoise, type TechnicalNoiseStep } from './technical-noise.js';

// Shapes: d genes, B cell types, n cells per type, R cells asked for.

/** How networks are simulated and measured: a `SergioConfig` without the prior over networks. */
export type SergioSettings = Pick<
  SergioConfig,
  | 'timeStep'
  | 'stepsPerCell'
  | 'safetyStepsPerLevel'
  | 'knockdownFactor'
  | 'overexpressionFactor'
  | 'platform'
  | 'technicalEffects'
>;

/** Measured cells and where they come from. */
export interface MeasuredCells {
  /** [R, d]: counts, or clean expression where the settings have no technical noise. */
  readonly values: Float32Array;
  /** [R]: the cell type of each row. */
  readonly cellTypes: Int32Array;
}

/** One experiment on one network, for `measureCells`. */
export interface MeasurementRequest {
  readonly model: SergioModel;
  readonly intervention: Intervention;
  readonly rows: number;
  readonly stream: RandomStream;
}

/** A gene network that can be measured cell by cell, also with genes knocked out, knocked down or over-expressed. */
export class SergioModel implements CausalModel {
  readonly interventionKinds: readonly InterventionKind[] = ['knockout', 'knockdown', 'overexpression'];
  readonly technicalNoise: readonly TechnicalNoiseStep[];

  constructor(
    readonly network: GeneNetwork,
    readonly settings: SergioSettings,
  ) {
    const { platform, technicalEffects } = settings;
    this.technicalNoise = platform === 'none' ? [] : platformSteps(PLATFORMS[platform], technicalEffects);
  }

  get size(): number {
    return this.network.size;
  }

  get graph() {
    return this.network.graph;
  }

  sample(intervention: Intervention, rows: number, stream: RandomStream): Float32Array {
    return this.measure(intervention, rows, stream).values;
  }

  /** As `sample`, with the cell types. */
  measure(intervention: Intervention, rows: number, stream: RandomStream): MeasuredCells {
    return measureCells([{ model: this, intervention, rows, stream }])[0]!;
  }

  /** [d]: what the intervention multiplies each gene's production with. */
  productionFactors({ kind, targets }: Intervention): Float32Array {
    const { knockdownFactor, overexpressionFactor } = this.settings;
    const factors: Partial<Record<InterventionKind, number>> = {
      knockout: 0,
      knockdown: knockdownFactor,
      overexpression: overexpressionFactor,
    };
    return Float32Array.from(targets, (flag) => (flag === 1 ? (factors[kind] ?? 1) : 1));
  }
}

/**
 * Measures many networks in one call of the simulation. Every cell type gets the same number of cells, as many as cover
 * `rows`; technical noise acts on all of them together, and where that is more than `rows`, a random choice is kept.
 * Request i depends on its own stream only.
 *
 * @throws CausalPilotError E_INPUT for an intervention that a network does not support or a number of rows below 0.
 */
export function measureCells(requests: readonly MeasurementRequest[], threads = 1): MeasuredCells[] {
  const results: MeasuredCells[] = requests.map(() => ({ values: new Float32Array(0), cellTypes: new Int32Array(0) }));
  for (const members of groupsOfEqualSettings(requests)) {
    const group = members.map((index) => requests[index]!);
    const clean = simulateLangevin(group.map(langevinRequest), {
      settings: group[0]!.model.settings,
      kernel: nativeSergioKernel(),
      threads,
    });
    members.forEach((index, place) => {
      results[index] = measured(group[place]!, clean[place]!);
    });
  }
  return results;
}

/** Indices of requests with anything to simulate, by the step size and numbers of steps that one call can have. */
function groupsOfEqualSettings(requests: readonly MeasurementRequest[]): number[][] {
  const groups = new Map<string, number[]>();
  requests.forEach((request, index) => {
    const { rows, model, intervention } = request;
    if (!Number.isInteger(rows) || rows < 0)
      throw new CausalPilotError('E_INPUT', `SergioModel: 'rows' must be an integer of at least 0, got ${rows}`);
    validateIntervention(intervention, model.size, model.interventionKinds);
    if (rows === 0) return;
    const { timeStep, stepsPerCell, safetyStepsPerLevel } = model.settings;
    const key = [timeStep, stepsPerCell, safetyStepsPerLevel].join('/');
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [index]);
    else members.push(index);
  });
  return [...groups.values()];
}

function langevinRequest({ model, intervention, rows, stream }: MeasurementRequest): LangevinRequest {
  const { network } = model;
  const words = stream.child('langevin');
  return {
    network,
    cellsPerType: Math.ceil(rows / network.cellTypes),
    productionFactors: model.productionFactors(intervention),
    key: Uint32Array.of(words.uniform() * 2 ** 32, words.uniform() * 2 ** 32),
  };
}

function measured({ model, rows, stream }: MeasurementRequest, clean: Float32Array): MeasuredCells {
  const { size: genes } = model;
  const { cellTypes } = model.network;
  const cells = clean.length / genes;
  const perType = cells / cellTypes;
  const measurement = stream.child('measurement');
  const { values } = applyTechnicalNoise({ cells, genes, values: clean }, model.technicalNoise, measurement);
  if (rows === cells)
    return { values, cellTypes: Int32Array.from({ length: rows }, (_, row) => Math.floor(row / perType)) };
  const chosen = measurement.choose(cells, rows).sort();
  const kept = new Float32Array(rows * genes);
  chosen.forEach((cell, row) => {
    kept.set(values.subarray(cell * genes, (cell + 1) * genes), row * genes);
  });
  return { values: kept, cellTypes: chosen.map((cell) => Math.floor(cell / perType)) };
}
