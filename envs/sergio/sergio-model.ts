import { type Intervention, type InterventionKind, validateIntervention } from '../../core/causal/intervention.js';
import { CausalPilotError } from '../../core/errors.js';
import { nativeSergioKernel } from '../../core/native/ops/sergio.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { CausalModel } from '../prior/causal-model.js';
import { drawBatches, drawBatchFactors, failedGuides, inBatches, withFailedGuides } from './cell-mixtures.js';
import type { SergioConfig } from './config.js';
import { drawKey } from './counter-random.js';
import type { GeneNetwork } from './gene-network.js';
import { simulateLangevin } from './langevin.js';
import type { LangevinRequest } from './langevin-reference.js';
import { chosenRows, type MeasuredCells, planOfRows, typesOfCells } from './measured-rows.js';
import { measureSheets } from './measurement.js';
import { effectSteps, type MeasurementEffects, PLATFORMS, platformEffects } from './platforms.js';
import { constantsStream, referenceRequest, type SystemConstants, systemConstants } from './system-constants.js';
import type { TechnicalNoiseStep } from './technical-noise.js';

// Shapes: d genes, B cell types, n cells per type, R cells asked for, E edges.

/** How networks are simulated and measured: a `SergioConfig` without the prior over networks. */
export type SergioSettings = Pick<
  SergioConfig,
  | 'halfResponses'
  | 'cells'
  | 'measurement'
  | 'timeStep'
  | 'stepsPerCell'
  | 'safetyStepsPerLevel'
  | 'knockdownFactor'
  | 'overexpressionFactor'
  | 'guideEfficiency'
  | 'batches'
  | 'batchStd'
  | 'platform'
  | 'technicalEffects'
>;

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
  #constants: SystemConstants | undefined;
  #batchFactors: Float32Array | undefined;

  constructor(
    readonly network: GeneNetwork,
    readonly settings: SergioSettings,
  ) {}

  /** Estimates or draws what belongs to these systems, where their settings need it, once for all of their experiments. */
  static settle(models: readonly SergioModel[], threads: number): void {
    const unsettled = [...new Set(models)].filter((model) => model.#constants === undefined && model.#needsConstants);
    const requests = unsettled.map(({ network, settings }) => referenceRequest(network, settings.timeStep));
    simulateLangevin(requests, { kernel: nativeSergioKernel(), threads }).forEach((cells, index) => {
      const model = unsettled[index]!;
      model.#constants = systemConstants(model.network, cells, model.#platform);
    });
  }

  get #platform() {
    const { platform, technicalEffects: effects } = this.settings;
    return platform === 'none' ? undefined : { platform: PLATFORMS[platform], effects };
  }

  get #needsConstants(): boolean {
    const { halfResponses, measurement } = this.settings;
    const estimated = this.network.regulatorLists.halfResponses.some((value) => value < 0);
    return (halfResponses === 'system' && estimated) || (measurement === 'system' && this.#platform !== undefined);
  }

  /** [E]: of the system, negative where each condition has its own. */
  get halfResponses(): Float32Array {
    const { halfResponses } = this.network.regulatorLists;
    if (this.settings.halfResponses === 'condition') return halfResponses;
    SergioModel.settle([this], 1);
    return this.#constants?.halfResponses ?? halfResponses;
  }

  /** [N, d]: what each of its batches multiplies each gene with. */
  get batchFactors(): Float32Array {
    const { batches, batchStd } = this.settings;
    this.#batchFactors ??= drawBatchFactors(
      { batches, batchStd, genes: this.size },
      constantsStream(this.network).child('batches'),
    );
    return this.#batchFactors;
  }

  /** What happens to its cells when they are measured. */
  get measurementEffects(): MeasurementEffects {
    if (this.#platform === undefined) return { counts: false };
    const { platform, effects } = this.#platform;
    if (this.settings.measurement === 'condition') return platformEffects(platform, effects);
    SergioModel.settle([this], 1);
    return platformEffects(platform, effects, this.#constants?.measurement);
  }

  /** As `measurementEffects`, to apply to sheets. */
  get technicalNoise(): readonly TechnicalNoiseStep[] {
    return effectSteps(this.measurementEffects);
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
 * Measures many networks in one call of the simulation. Every cell type gets its share of the rows, and what does not
 * divide goes to a random choice of types. Where technical noise depends on the cells measured together, as many as cover
 * `rows` are, and a random choice is kept. Request i depends on its own stream only.
 *
 * @throws CausalPilotError E_INPUT for an intervention that a network does not support or a number of rows below 0.
 */
export function measureCells(requests: readonly MeasurementRequest[], threads = 1): MeasuredCells[] {
  for (const request of requests) checkMeasurement(request);
  const measurable = requests.filter(({ rows }) => rows > 0);
  SergioModel.settle(
    measurable.map(({ model }) => model),
    threads,
  );
  const simulated = measurable.map(langevinRequest);
  const clean = simulateConditions(measurable, simulated, threads);
  const batches = measurable.map(({ model, stream }, index) =>
    drawBatches(clean[index]!.length / model.size, model.settings.batches, stream.child('batches')),
  );
  const streams = measurable.map(({ stream }) => stream.child('measurement'));
  const sheets = measurable.map(({ model }, index) => {
    const effects = model.measurementEffects;
    const values =
      model.settings.batchStd === 0 ? clean[index]! : inBatches(clean[index]!, batches[index]!, model.batchFactors);
    return {
      sheet: { cells: values.length / model.size, genes: model.size, values },
      effects,
      stream: streams[index]!,
    };
  });
  const values = measureSheets(sheets, { threads });
  let next = -1;
  return requests.map(({ rows }) => {
    if (rows === 0) return { values: new Float32Array(0), cellTypes: new Int32Array(0), batches: new Int32Array(0) };
    next++;
    const { cells, genes } = sheets[next]!.sheet;
    const all = { values: values[next]!, cellTypes: typesOfCells(simulated[next]!.plan), batches: batches[next]! };
    return rows === cells ? all : chosenRows(all, genes, streams[next]!.choose(cells, rows).sort());
  });
}

/** Clean cells of all conditions; those whose guides failed come from the unperturbed system. */
function simulateConditions(
  measurements: readonly MeasurementRequest[],
  requests: readonly LangevinRequest[],
  threads: number,
): Float32Array[] {
  const leaky = [...measurements.keys()].filter((index) => {
    const { model, intervention } = measurements[index]!;
    return model.settings.guideEfficiency < 1 && intervention.targets.some((flag) => flag === 1);
  });
  const unperturbed = leaky.map((index): LangevinRequest => {
    const key = drawKey(measurements[index]!.stream.child('failed guides', 'langevin'));
    return { ...requests[index]!, key, productionFactors: new Float32Array(measurements[index]!.model.size).fill(1) };
  });
  const cells = simulateLangevin([...requests, ...unperturbed], { kernel: nativeSergioKernel(), threads });
  leaky.forEach((index, place) => {
    const { model, stream } = measurements[index]!;
    const count = cells[index]!.length / model.size;
    const failed = failedGuides(count, model.settings.guideEfficiency, stream.child('failed guides'));
    cells[index] = withFailedGuides(cells[index]!, cells[requests.length + place]!, failed);
  });
  return cells.slice(0, requests.length);
}

function checkMeasurement({ rows, model, intervention }: MeasurementRequest): void {
  if (!Number.isInteger(rows) || rows < 0)
    throw new CausalPilotError('E_INPUT', `SergioModel: 'rows' must be an integer of at least 0, got ${rows}`);
  validateIntervention(intervention, model.size, model.interventionKinds);
}

function langevinRequest(request: MeasurementRequest): LangevinRequest {
  const { model, intervention, stream } = request;
  return {
    network: model.network,
    plan: planOfRows(model.network, model.settings, request),
    productionFactors: model.productionFactors(intervention),
    halfResponses: model.halfResponses,
    key: drawKey(stream.child('langevin')),
  };
}
