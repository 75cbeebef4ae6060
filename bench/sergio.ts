import { knockout, observe } from '../core/causal/intervention.js';
import { nativeSergioKernel, type SergioKernel } from '../core/native/ops/sergio.js';
import { RandomStream } from '../core/random/stream.js';
import { SergioConfig } from '../envs/sergio/config.js';
import { GeneNetworkPrior } from '../envs/sergio/gene-network-prior.js';
import { simulateLangevin } from '../envs/sergio/langevin.js';
import { independentPlan, snapshotPlan } from '../envs/sergio/langevin-plan.js';
import { measureCells, SergioModel } from '../envs/sergio/sergio-model.js';
import type { Absent, Benchmark, BenchmarkContext, Contender, Workload } from './benchmark.js';
import { missingPythonModule, PythonPeer } from './python-peer.js';

const SYSTEMS = 1000;
const CELLS_PER_TYPE = 10;
const MANY_CELLS_PER_TYPE = 800;
/** What numpy is given: its time per cell hardly depends on how many there are. */
const NUMPY_CELLS_PER_TYPE = 80;
const SCALING_GENES = [10, 30, 100, 300, 1000];

type Work = 'initialClean' | 'initial' | 'knockoutClean' | 'knockout';

/** `published`: snapshots of one path, half responses and constants of each condition; `default`: those of the system. */
type Options = 'published' | 'default';
const PUBLISHED = { halfResponses: 'condition', cells: 'snapshots', measurement: 'condition' } as const;

const LABELS: Readonly<Record<Work, string>> = {
  initialClean: '50 cells of each of 1,000 systems (d = 10, degree 3), clean expression',
  initial: 'the same with technical noise: counts',
  knockoutClean: 'one knockout step of each of 1,000 systems, clean expression',
  knockout: 'the same with technical noise: counts',
};

/** Seconds to simulate gene networks, published and default, against torch over all systems at once and numpy system by system. */
export const benchmark: Benchmark = {
  description: 'simulation of gene networks: 50 cells and a knockout step of 1,000 systems, cost per cell and per gene',
  workloads: async (context) => {
    const models = drawModels(10, SYSTEMS);
    const torch = startPeer('sergio_torch.py', 'torch');
    if (torch instanceof PythonPeer)
      await torch.ask({ ...describe(models), threads: context.threads, cellsPerType: CELLS_PER_TYPE });
    return [
      ...(Object.keys(LABELS) as Work[]).map((work, index, all) =>
        systemsWorkload({ work, models, torch, last: index === all.length - 1 }, context),
      ),
      constantsWorkload(models),
      manyCellsWorkload(models.slice(0, 1)),
      ...SCALING_GENES.map(scalingWorkload),
    ];
  },
};

function drawModels(genes: number, count: number): SergioModel[] {
  const prior = new GeneNetworkPrior(SergioConfig.parse({ kind: 'sergio', variables: genes }));
  const models = Array.from({ length: count }, (_, system) =>
    prior.sample(new RandomStream(`bench/sergio/${genes}/${system}`)),
  );
  SergioModel.settle(models, 1);
  return models;
}

interface SystemsCase {
  readonly work: Work;
  readonly models: readonly SergioModel[];
  readonly torch: PythonPeer | Absent;
  /** The peer is stopped after the last case. */
  readonly last: boolean;
}

function systemsWorkload({ work, models, torch, last }: SystemsCase, { threads }: BenchmarkContext): Workload {
  const published = models.map(({ network, settings }) => new SergioModel(network, { ...settings, ...PUBLISHED }));
  const own = (options: Options, usedThreads: number): Contender | Absent => {
    const name = `native, ${options}, ${usedThreads === 1 ? '1 thread' : `${usedThreads} threads`}`;
    const kernel = nativeSergioKernel();
    if (kernel === undefined) return { name, absent: 'the native library is not built' };
    const used = options === 'published' ? published : models;
    return { name, run: () => runOwn(work, used, { kernel, threads: usedThreads }) };
  };
  const contenders = (['published', 'default'] as const).flatMap((options) => [own(options, threads), own(options, 1)]);
  if (!(torch instanceof PythonPeer)) return { label: LABELS[work], contenders: [...contenders, torch] };
  const peer: Contender = {
    name: `torch, ${threads} threads`,
    run: async () => (await torch.ask<{ seconds: number }>({ work })).seconds,
    dispose: () => {
      if (last) torch.close();
    },
  };
  return { label: LABELS[work], contenders: [...contenders, peer] };
}

function runOwn(
  work: Work,
  models: readonly SergioModel[],
  { kernel, threads }: { readonly kernel: SergioKernel; readonly threads: number },
): undefined {
  const knockedOut = work === 'knockout' || work === 'knockoutClean';
  if (work === 'initialClean' || work === 'knockoutClean') {
    cleanCells(models, { kernel, threads, cellsPerType: knockedOut ? 1 : CELLS_PER_TYPE, knockedOut });
    return;
  }
  const requests = models.map((model, system) => ({
    model,
    intervention: knockedOut ? knockout(model.size, [system % model.size]) : observe(model.size),
    rows: knockedOut ? 1 : CELLS_PER_TYPE * model.network.cellTypes,
    stream: new RandomStream(`bench/sergio/measure/${system}`),
  }));
  measureCells(requests, threads);
}

interface CleanCase {
  readonly kernel: SergioKernel | undefined;
  readonly threads: number;
  readonly cellsPerType: number;
  readonly knockedOut?: boolean;
}

/** A knockout step of independent cells is one cell, of published ones one of each type. */
function cleanCells(
  models: readonly SergioModel[],
  { kernel, threads, cellsPerType, knockedOut = false }: CleanCase,
): undefined {
  const requests = models.map(({ network, settings, halfResponses }, system) => {
    const productionFactors = new Float32Array(network.size).fill(1);
    if (knockedOut) productionFactors[system % network.size] = 0;
    const cells = knockedOut ? 1 : cellsPerType * network.cellTypes;
    const types = Int32Array.from({ length: cells }, (_, cell) => Math.floor(cell / cellsPerType));
    const plan =
      settings.cells === 'snapshots'
        ? snapshotPlan(network, cellsPerType, settings)
        : independentPlan(network, types, settings.timeStep);
    return { network, plan, productionFactors, halfResponses, key: Uint32Array.of(system, 1) };
  });
  simulateLangevin(requests, { kernel, threads });
}

/** What a system costs once: half responses, outlier genes, library total and dropout midpoint. */
function constantsWorkload(models: readonly SergioModel[]): Workload {
  const run = (): undefined => {
    const unsettled = models.map(({ network, settings }) => new SergioModel(network, settings));
    SergioModel.settle(unsettled, 1);
  };
  const name = 'native, 1 thread';
  return {
    label: `constants of each of ${SYSTEMS} systems (d = 10, degree 3)`,
    per: { count: models.length, unit: 'system' },
    contenders: [
      nativeSergioKernel() === undefined ? { name, absent: 'the native library is not built' } : { name, run },
    ],
  };
}

/** One system with many cells, the case that the step-by-step forms are written for. */
function manyCellsWorkload(models: readonly SergioModel[]): Workload {
  const types = models[0]!.network.cellTypes;
  const published = models.map(({ network, settings }) => new SergioModel(network, { ...settings, ...PUBLISHED }));
  const simulate = (used: readonly SergioModel[], kernel: SergioKernel | undefined) =>
    cleanCells(used, { kernel, threads: 1, cellsPerType: MANY_CELLS_PER_TYPE });
  const kernel = nativeSergioKernel();
  const own = (name: string, used: readonly SergioModel[]): Contender | Absent =>
    kernel === undefined
      ? { name, absent: 'the native library is not built' }
      : { name, run: () => simulate(used, kernel) };
  const numpy = startPeer('sergio_numpy.py', 'numpy');
  return {
    label: `one system of 10 genes, ${MANY_CELLS_PER_TYPE * types} clean cells`,
    per: { count: MANY_CELLS_PER_TYPE * types, unit: 'cell' },
    contenders: [
      own('native, published, 1 thread', published),
      own('native, default, 1 thread', models),
      { name: 'TypeScript, published, 1 thread', run: () => simulate(published, undefined) },
      numpy instanceof PythonPeer ? numpyContender(numpy, models) : numpy,
    ],
  };
}

function numpyContender(numpy: PythonPeer, models: readonly SergioModel[]): Contender {
  return {
    name: `numpy, from ${NUMPY_CELLS_PER_TYPE} cells per type`,
    run: async () => {
      const { seconds } = await numpy.ask<{ seconds: number }>({
        ...describe(models),
        cellsPerType: NUMPY_CELLS_PER_TYPE,
      });
      return (seconds * MANY_CELLS_PER_TYPE) / NUMPY_CELLS_PER_TYPE;
    },
    dispose: () => numpy.close(),
  };
}

function scalingWorkload(genes: number): Workload {
  const models = drawModels(genes, Math.max(1, Math.round(1000 / genes)));
  const kernel = nativeSergioKernel();
  const native = { name: 'native, 1 thread' };
  return {
    label: `50 clean cells of a system of ${genes} genes`,
    per: { count: models.length, unit: 'system' },
    contenders: [
      kernel === undefined
        ? { ...native, absent: 'the native library is not built' }
        : { ...native, run: () => cleanCells(models, { kernel, threads: 1, cellsPerType: CELLS_PER_TYPE }) },
    ],
  };
}

function startPeer(script: string, module: string): PythonPeer | Absent {
  const absent = missingPythonModule(module);
  return absent === undefined ? new PythonPeer(script) : { name: module, absent };
}

/** The networks as the peers read them, genes in topological order. */
function describe(models: readonly SergioModel[]): object {
  return {
    depth: models.map(({ network }) => network.depth),
    weights: models.map(({ network: { size, graph, strengths } }) =>
      Array.from(graph.topologicalOrder, (from) =>
        Array.from(graph.topologicalOrder, (to) => strengths[from * size + to]!),
      ),
    ),
    rates: models.map(({ network: { graph, basalRates, cellTypes } }) =>
      Array.from(graph.topologicalOrder, (gene) =>
        Array.from(basalRates.subarray(gene * cellTypes, (gene + 1) * cellTypes)),
      ),
    ),
  };
}
