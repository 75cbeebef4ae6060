import { CausalPilotError } from '../../core/errors.js';
import type { SergioKernel } from '../../core/native/ops/sergio.js';
import { type LangevinRequest, type LangevinSettings, simulateLangevinReference } from './langevin-reference.js';

// Shapes: K requests, d genes, B cell types, n cells per type.

export interface SimulateLangevinOptions {
  readonly settings: LangevinSettings;
  /** The native simulation, or undefined for the one in TypeScript. */
  readonly kernel: SergioKernel | undefined;
  /** Threads of the native simulation; the result does not depend on it. @defaultValue 1 */
  readonly threads?: number;
}

/**
 * Clean expression [B * n, d] of every request. Kernel and reference use the same random numbers and agree up to the
 * rounding of float32; neither depends on what else is in the call.
 *
 * @throws CausalPilotError E_INPUT if a request's arrays do not fit its network.
 */
export function simulateLangevin(
  requests: readonly LangevinRequest[],
  { settings, kernel, threads = 1 }: SimulateLangevinOptions,
): Float32Array[] {
  for (const request of requests) checkRequest(request);
  if (kernel === undefined) return requests.map((request) => simulateLangevinReference(request, settings).cells);
  const results: Float32Array[] = new Array(requests.length);
  for (const members of groupsOfOneShape(requests)) {
    const group = members.map((index) => requests[index]!);
    const cells = kernel.simulate(packRequests(group, settings), threads);
    const perRequest = cells.length / members.length;
    members.forEach((index, place) => {
      results[index] = cells.subarray(place * perRequest, (place + 1) * perRequest);
    });
  }
  return results;
}

function checkRequest({ network, cellsPerType, productionFactors, key }: LangevinRequest): void {
  if (!Number.isInteger(cellsPerType) || cellsPerType < 1)
    throw new CausalPilotError('E_INPUT', `simulateLangevin: 'cellsPerType' must be at least 1, got ${cellsPerType}`);
  if (productionFactors.length !== network.size || key.length !== 2)
    throw new CausalPilotError(
      'E_INPUT',
      `simulateLangevin: ${network.size} genes need ${network.size} production factors and a key of 2 words, got ${productionFactors.length} and ${key.length}`,
    );
  const broken = productionFactors.findIndex((factor) => !(factor >= 0 && Number.isFinite(factor)));
  if (broken !== -1)
    throw new CausalPilotError(
      'E_INPUT',
      `simulateLangevin: the production factor of ${network.geneNames[broken]} must be at least 0 and finite, got ${productionFactors[broken]}`,
    );
}

/** Indices of requests that the kernel can take in one call. */
function groupsOfOneShape(requests: readonly LangevinRequest[]): number[][] {
  const groups = new Map<string, number[]>();
  requests.forEach(({ network, cellsPerType }, index) => {
    const { size, cellTypes, hillCoefficient, noiseAmplitude } = network;
    const shape = [size, cellTypes, cellsPerType, hillCoefficient, noiseAmplitude].join('/');
    const members = groups.get(shape);
    if (members === undefined) groups.set(shape, [index]);
    else members.push(index);
  });
  return [...groups.values()];
}

function packRequests(requests: readonly LangevinRequest[], settings: LangevinSettings) {
  const first = requests[0]!;
  const { size: genes, cellTypes, hillCoefficient, noiseAmplitude } = first.network;
  const systems = requests.length;
  const edges = requests.reduce((total, { network }) => total + network.regulatorLists.regulators.length, 0);
  const levels = new Int32Array(systems * genes);
  const offsets = new Int32Array(systems * genes + 1);
  const regulators = new Int32Array(edges);
  const strengths = new Float32Array(edges);
  const basalRates = new Float32Array(systems * genes * cellTypes);
  const decays = new Float32Array(systems * genes);
  const productionFactors = new Float32Array(systems * genes);
  const keys = new Uint32Array(2 * systems);
  let edge = 0;
  requests.forEach(({ network, productionFactors: factors, key }, system) => {
    const lists = network.regulatorLists;
    for (let gene = 0; gene < genes; gene++) offsets[system * genes + gene] = edge + lists.offsets[gene]!;
    regulators.set(lists.regulators, edge);
    strengths.set(lists.strengths, edge);
    edge += lists.regulators.length;
    levels.set(network.levels, system * genes);
    basalRates.set(network.basalRates, system * genes * cellTypes);
    decays.set(network.decays, system * genes);
    productionFactors.set(factors, system * genes);
    keys.set(key, 2 * system);
  });
  offsets[systems * genes] = edge;
  const { timeStep, stepsPerCell, safetyStepsPerLevel } = settings;
  return {
    ...{ systems, genes, cellTypes, cellsPerType: first.cellsPerType, hillCoefficient, noiseAmplitude },
    ...{ timeStep, stepsPerCell, safetyStepsPerLevel },
    ...{ levels, offsets, regulators, strengths, basalRates, decays, productionFactors, keys },
  };
}
