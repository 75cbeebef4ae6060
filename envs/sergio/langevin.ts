import { CausalPilotError } from '../../core/errors.js';
import type { SergioBatch, SergioKernel } from '../../core/native/ops/sergio.js';
import { concatenate } from '../../core/tensor/concatenate.js';
import { threefry } from './counter-random.js';
import { NOISE_KINDS } from './gene-network.js';
import { type LangevinRequest, simulateLangevinReference } from './langevin-reference.js';

// Shapes: K requests, d genes, C paths, n cells per path.

export interface SimulateLangevinOptions {
  /** The native simulation, or undefined for the one in TypeScript. */
  readonly kernel: SergioKernel | undefined;
  /** Threads of the native simulation; the result does not depend on it. @defaultValue 1 */
  readonly threads?: number;
}

/** Paths worked on together: more of one request go in blocks, so that memory does not grow with the number of cells. */
const BLOCK_PATHS = 64;
/** The counter row that keys of blocks come from; genes and snapshots have others. */
const BLOCK_ROW = 0xfffffffe;

/**
 * Clean expression [C * n, d] of every request. Kernel and reference use the same random numbers and agree up to the
 * rounding of float32; neither depends on what else is in the call.
 *
 * @throws CausalPilotError E_INPUT if a request's arrays do not fit its network.
 */
export function simulateLangevin(
  requests: readonly LangevinRequest[],
  { kernel, threads = 1 }: SimulateLangevinOptions,
): Float32Array[] {
  for (const request of requests) checkRequest(request);
  const blocks = requests.map(blocksOf);
  const cells = simulateBlocks(blocks.flat(), { kernel, threads });
  let next = 0;
  return blocks.map((own) => {
    const first = next;
    next += own.length;
    return concatenate(Float32Array, cells.slice(first, next));
  });
}

function simulateBlocks(
  requests: readonly LangevinRequest[],
  { kernel, threads }: { readonly kernel: SergioKernel | undefined; readonly threads: number },
): Float32Array[] {
  if (kernel === undefined) return requests.map((request) => simulateLangevinReference(request).cells);
  const results: Float32Array[] = new Array(requests.length);
  for (const members of groupsOfOneShape(requests)) {
    const group = members.map((index) => requests[index]!);
    const cells = kernel.simulate(packRequests(group), threads);
    const perRequest = cells.length / members.length;
    members.forEach((index, place) => {
      results[index] = cells.subarray(place * perRequest, (place + 1) * perRequest);
    });
  }
  return results;
}

/** The request in blocks of paths that know nothing of each other; in one where half responses join all its paths. */
function blocksOf(request: LangevinRequest): LangevinRequest[] {
  const { pathTypes } = request.plan;
  if (pathTypes.length <= BLOCK_PATHS || request.halfResponses.some((value) => value < 0)) return [request];
  return Array.from({ length: Math.ceil(pathTypes.length / BLOCK_PATHS) }, (_, block) => {
    const key = new Uint32Array(2);
    threefry(request.key, block, BLOCK_ROW, key);
    const types = pathTypes.subarray(block * BLOCK_PATHS, (block + 1) * BLOCK_PATHS);
    return { ...request, key, plan: { ...request.plan, pathTypes: types } };
  });
}

function checkRequest({ network, plan, productionFactors, halfResponses, key }: LangevinRequest): void {
  const { cellsPerPath, pathTypes } = plan;
  const edges = network.regulatorLists.regulators.length;
  if (!Number.isInteger(cellsPerPath) || cellsPerPath < 1 || pathTypes.length < 1)
    throw new CausalPilotError(
      'E_INPUT',
      `simulateLangevin: at least one path with at least one cell is needed, got ${pathTypes.length} with ${cellsPerPath}`,
    );
  if (productionFactors.length !== network.size || halfResponses.length !== edges || key.length !== 2)
    throw new CausalPilotError(
      'E_INPUT',
      `simulateLangevin: ${network.size} genes and ${edges} edges need ${network.size} production factors, ${edges} half responses and a key of 2 words, got ${productionFactors.length}, ${halfResponses.length} and ${key.length}`,
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
  requests.forEach(({ network, plan }, index) => {
    const substeps = plan.phases.map((phase) => phase.substeps);
    const shape = [
      ...[
        network.size,
        network.noiseAmplitude,
        network.noiseKind,
        plan.pathTypes.length,
        plan.cellsPerPath,
        plan.window,
        plan.start,
      ],
      ...[plan.timeStep, ...substeps],
    ].join('/');
    const members = groups.get(shape);
    if (members === undefined) groups.set(shape, [index]);
    else members.push(index);
  });
  return [...groups.values()];
}

function packRequests(requests: readonly LangevinRequest[]): SergioBatch {
  const { network: first, plan } = requests[0]!;
  const { size: genes, noiseAmplitude } = first;
  const systems = requests.length;
  const paths = plan.pathTypes.length;
  const edges = requests.reduce((total, { halfResponses }) => total + halfResponses.length, 0);
  const offsets = new Int32Array(systems * genes + 1);
  const regulators = new Int32Array(edges);
  const [strengths, halfResponses, hillCoefficients] = [0, 1, 2].map(() => new Float32Array(edges)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  let edge = 0;
  requests.forEach(({ network, ...request }, system) => {
    const lists = network.regulatorLists;
    for (let gene = 0; gene < genes; gene++) offsets[system * genes + gene] = edge + lists.offsets[gene]!;
    regulators.set(lists.regulators, edge);
    strengths.set(lists.strengths, edge);
    halfResponses.set(request.halfResponses, edge);
    hillCoefficients.set(lists.hillCoefficients, edge);
    edge += lists.regulators.length;
  });
  offsets[systems * genes] = edge;
  return {
    ...{ systems, genes, paths, noiseAmplitude, offsets, regulators, strengths, halfResponses, hillCoefficients },
    ...{ cellsPerPath: plan.cellsPerPath, window: plan.window, timeStep: plan.timeStep },
    scattered: plan.start === 'scattered',
    noise: NOISE_KINDS[first.noiseKind],
    substeps: Int32Array.from(plan.phases, (phase) => phase.substeps),
    phaseSteps: Int32Array.from(requests.flatMap((request) => request.plan.phases.map(({ steps }) => steps))),
    levels: concatenate(
      Int32Array,
      requests.map(({ network }) => network.levels),
    ),
    basalRates: concatenate(Float32Array, requests.map(ratesOfPaths)),
    decays: concatenate(
      Float32Array,
      requests.map(({ network }) => network.decays),
    ),
    productionFactors: concatenate(
      Float32Array,
      requests.map(({ productionFactors }) => productionFactors),
    ),
    keys: concatenate(
      Uint32Array,
      requests.map(({ key }) => key),
    ),
  };
}

/** [d, C] */
function ratesOfPaths({
  network: { basalRates, cellTypes, size },
  plan: { pathTypes },
}: LangevinRequest): Float32Array {
  const paths = pathTypes.length;
  const rates = new Float32Array(size * paths);
  for (let gene = 0; gene < size; gene++)
    for (let path = 0; path < paths; path++)
      rates[gene * paths + path] = basalRates[gene * cellTypes + pathTypes[path]!]!;
  return rates;
}
