import { cpus } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import type { Benchmark, PrintedBenchmark } from './benchmark.js';
import { formatMeasurement, type Measurement, measureWorkload } from './measure.js';
import { installPeers } from './peers/install.js';

/** Every benchmark; a file bench/<name>.ts that exports `benchmark` is added here. */
const REGISTRY: Readonly<Record<string, () => Promise<{ benchmark: Benchmark | PrintedBenchmark }>>> = {
  encoder: () => import('./encoder.js'),
  redq: () => import('./redq.js'),
  posterior: () => import('./posterior.js'),
  exact: () => import('./exact-posterior.js'),
  decision: () => import('./decision.js'),
  sergio: () => import('./sergio.js'),
  civ: () => import('./civ.js'),
};

interface Options {
  readonly json?: boolean;
  readonly list?: boolean;
  readonly installPeers?: boolean;
  readonly rounds: number;
  readonly threads: number;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a positive integer is needed.');
  return value;
}

async function printList(): Promise<void> {
  for (const [name, load] of Object.entries(REGISTRY)) {
    console.log(`${name.padEnd(12)}${(await load()).benchmark.description}`);
  }
}

async function measureAll(names: readonly string[], { json, rounds, threads }: Options): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const name of names) {
    const { benchmark } = await REGISTRY[name]!();
    if ('print' in benchmark) {
      if (!json) benchmark.print();
      continue;
    }
    const context = { rounds, threads };
    for (const workload of await benchmark.workloads(context)) {
      const measurement = await measureWorkload(workload, context);
      measurements.push(measurement);
      if (!json) console.log(`${formatMeasurement(measurement)}\n`);
    }
  }
  return measurements;
}

const command = new Command('bench')
  .description(
    'Measures this package against other backends and peers: interleaved runs, medians, ratios to the first.',
  )
  .argument('[names...]', `benchmarks to run (${Object.keys(REGISTRY).join(', ')}); all when left out`)
  .option('--list', 'say what each benchmark does and stop')
  .option('--json', 'print one JSON document instead of text')
  .option('--rounds <count>', 'runs of every contender', positive, 9)
  .option('--threads <count>', 'threads of the native kernels and of the peers', positive, cpus().length)
  .option('--install-peers', 'first install onnxruntime-node into a private folder, without its download step')
  .action(async (names: string[], options: Options) => {
    const unknown = names.find((name) => !(name in REGISTRY));
    if (unknown !== undefined) {
      command.error(`bench: there is no benchmark '${unknown}'; choose from ${Object.keys(REGISTRY).join(', ')}`, {
        exitCode: 2,
      });
    }
    if (options.list) return printList();
    if (options.installPeers) installPeers();
    const measurements = await measureAll(names.length > 0 ? names : Object.keys(REGISTRY), options);
    if (options.json)
      console.log(JSON.stringify({ cpu: cpus()[0]?.model, threads: options.threads, measurements }, null, 2));
  });

await command.parseAsync();
