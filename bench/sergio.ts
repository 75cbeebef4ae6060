import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { knockout, observe } from '../core/causal/intervention.js';
import { nativeSergioKernel } from '../core/native/sergio-kernel.js';
import { RandomStream } from '../core/random/stream.js';
import { SergioConfig } from '../envs/sergio/config.js';
import { GeneNetworkPrior } from '../envs/sergio/gene-network-prior.js';
import { simulateLangevin } from '../envs/sergio/langevin.js';
import { measureCells, type SergioModel } from '../envs/sergio/sergio-model.js';

// Seconds to simulate gene networks: 1,000 systems of 10 genes at degree 3 (50 cells each, then one knockout step of
// all), against torch and numpy where PYTHON (or python3) has them, and how the time grows with the number of genes.

const SYSTEMS = 1000;
const CELLS_PER_TYPE = 10;
const REPEATS = 7;
const SCALING_GENES = [10, 30, 100, 300, 1000];
const PYTHON = process.env.PYTHON ?? 'python3';
const peers = fileURLToPath(
  new URL(import.meta.url.includes('/dist/bench/') ? '../../bench/peers/' : './peers/', import.meta.url),
);

/** Median seconds of the native or TypeScript simulation; clean expression alone and measured counts. */
interface Timings {
  readonly initialClean: number;
  readonly initial: number;
  readonly knockoutClean: number;
  readonly knockout: number;
}

function medianSeconds(work: () => unknown, repeats: number): number {
  work();
  const times = Array.from({ length: repeats }, () => {
    const begin = performance.now();
    work();
    return (performance.now() - begin) / 1000;
  });
  return times.sort((a, b) => a - b)[Math.floor(repeats / 2)]!;
}

function drawModels(genes: number, count: number): SergioModel[] {
  const prior = new GeneNetworkPrior(SergioConfig.parse({ kind: 'sergio', variables: genes }));
  return Array.from({ length: count }, (_, system) =>
    prior.sample(new RandomStream(`bench/sergio/${genes}/${system}`)),
  );
}

function cleanSeconds(
  models: readonly SergioModel[],
  options: { cellsPerType: number; threads: number; native: boolean; repeats: number },
): number {
  const { cellsPerType, threads, native, repeats } = options;
  const requests = models.map(({ network }, system) => ({
    network,
    cellsPerType,
    productionFactors: Float32Array.from({ length: network.size }, (_, gene) =>
      cellsPerType === 1 && gene === system % network.size ? 0 : 1,
    ),
    key: Uint32Array.of(system, 1),
  }));
  const kernel = native ? nativeSergioKernel() : undefined;
  return medianSeconds(() => simulateLangevin(requests, { settings: models[0]!.settings, kernel, threads }), repeats);
}

function measuredSeconds(models: readonly SergioModel[], knockedOut: boolean, threads: number): number {
  const requests = models.map((model, system) => ({
    model,
    intervention: knockedOut ? knockout(model.size, [system % model.size]) : observe(model.size),
    rows: knockedOut ? 1 : CELLS_PER_TYPE * model.network.cellTypes,
    stream: new RandomStream(`bench/sergio/measure/${system}`),
  }));
  return medianSeconds(() => measureCells(requests, threads), REPEATS);
}

function ownTimings(models: readonly SergioModel[], threads: number): Timings {
  const clean = { threads, native: true, repeats: REPEATS };
  return {
    initialClean: cleanSeconds(models, { ...clean, cellsPerType: CELLS_PER_TYPE }),
    initial: measuredSeconds(models, false, threads),
    knockoutClean: cleanSeconds(models, { ...clean, cellsPerType: 1 }),
    knockout: measuredSeconds(models, true, threads),
  };
}

/** Runs a peer on these networks, genes put in topological order; undefined, with a line saying why, if it cannot. */
function peer<Result>(script: string, models: readonly SergioModel[], extra: object): Result | undefined {
  const request = { ...extra, ...describe(models) };
  const run = spawnSync(PYTHON, [`${peers}${script}`], {
    input: JSON.stringify(request),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (run.status === 0) return JSON.parse(run.stdout) as Result;
  const reason = run.error?.message ?? run.stderr.trim().split('\n').at(-1);
  console.log(`${script}: skipped (${reason}); set PYTHON to an interpreter that has torch and numpy`);
  return undefined;
}

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

function printTimings(name: string, { initialClean, initial, knockoutClean, knockout: one }: Timings): void {
  const cells = [initialClean, initial, knockoutClean, one].map((seconds) => seconds.toFixed(4).padStart(10));
  console.log(`${name.padEnd(26)}${cells.join(' ')}`);
}

/** Prints the comparison; takes about a minute with the peers. */
export function benchSergio(): void {
  const models = drawModels(10, SYSTEMS);
  console.log(`${SYSTEMS} systems, 10 genes, degree 3, 5 cell types; seconds, median of ${REPEATS}`);
  console.log(`${''.padEnd(26)}  50 clean  50 counts  1 KO clean  1 KO count`);
  const cores = cpus().length;
  if (nativeSergioKernel() === undefined) console.log('the native library is not built: TypeScript only');
  else {
    printTimings('native, 1 thread', ownTimings(models, 1));
    const own = ownTimings(models, cores);
    printTimings(`native, ${cores} threads`, own);
    const repeats = 3;
    const torch = peer<Timings & { version: string }>('sergio_torch.py', models, {
      threads: cores,
      repeats,
      cellsPerType: CELLS_PER_TYPE,
    });
    if (torch !== undefined) {
      printTimings(`torch ${torch.version}, ${cores} threads`, torch);
      const ratio = (key: keyof Timings) => `${(torch[key] / own[key]).toFixed(0)}x`;
      console.log(
        `faster than torch: clean ${ratio('initialClean')}, counts ${ratio('initial')}, knockout ${ratio('knockoutClean')}, with counts ${ratio('knockout')}`,
      );
    }
    printPerCell(models);
  }
  const reference = cleanSeconds(models.slice(0, 20), { cellsPerType: 10, threads: 1, native: false, repeats: 1 });
  console.log(
    `TypeScript reference: ${((reference / 20) * SYSTEMS).toFixed(1)} s for ${SYSTEMS} systems, clean, 1 thread`,
  );
  if (nativeSergioKernel() !== undefined) printScaling();
}

/** One network with many cells, the case that the numpy form is written for. */
function printPerCell(models: readonly SergioModel[]): void {
  const one = models.slice(0, 1);
  const cellsPerType = 800;
  const cells = cellsPerType * one[0]!.network.cellTypes;
  const own = cleanSeconds(one, { cellsPerType, threads: 1, native: true, repeats: 5 }) / cells;
  console.log(`one system, ${cells} cells: ${(own * 1e6).toFixed(2)} microseconds per cell, 1 thread`);
  const numpy = peer<{ secondsPerCell: number; version: string }>('sergio_numpy.py', one, { cellsPerType });
  if (numpy !== undefined)
    console.log(
      `numpy ${numpy.version}: ${(numpy.secondsPerCell * 1e6).toFixed(0)} microseconds per cell, ${(numpy.secondsPerCell / own).toFixed(0)}x slower`,
    );
}

function printScaling(): void {
  console.log('genes: seconds for one system of 50 clean cells, 1 thread; microseconds per gene');
  for (const genes of SCALING_GENES) {
    const count = Math.max(1, Math.round(1000 / genes));
    const seconds = cleanSeconds(drawModels(genes, count), { cellsPerType: 10, threads: 1, native: true, repeats: 5 });
    const perSystem = seconds / count;
    console.log(
      `${String(genes).padStart(5)}: ${perSystem.toFixed(5)} s, ${((perSystem / genes) * 1e6).toFixed(1)} microseconds per gene`,
    );
  }
}
