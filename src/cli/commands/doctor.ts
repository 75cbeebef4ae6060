import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Command } from 'commander';
import { printJson, printLine } from '../session.js';

const MINIMUM_NODE = [20, 19] as const;

interface Diagnosis {
  readonly version: string;
  readonly node: { readonly version: string; readonly supported: boolean };
  readonly machine: { readonly processor: string; readonly threads: number; readonly memoryGiB: number };
  readonly compiler: { readonly found: boolean; readonly detail: string };
  readonly backends: readonly { readonly name: string; readonly usable: boolean; readonly detail: string }[];
  /** The backend that `auto` takes. */
  readonly automatic: string;
}

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('say which tensor backends work here, and why the others do not')
    .option('--json', 'print the diagnosis as JSON')
    .addHelpText('after', '\nExample:\n  causal-pilot doctor --json')
    .action(async ({ json }: { readonly json?: boolean }) => {
      const diagnosis = await diagnose();
      if (json) printJson(diagnosis);
      else printLine(describe(diagnosis));
    });
}

async function diagnose(): Promise<Diagnosis> {
  const { describeBackends } = await import('../../../core/tensor/backend.js');
  const { programVersion } = await import('../../../core/run/program-version.js');
  const backends = await describeBackends();
  const usable = new Set(backends.filter((backend) => backend.usable).map(({ name }) => name));
  return {
    version: programVersion(),
    node: { version: process.version, supported: isSupported(process.versions.node) },
    machine: {
      processor: cpus()[0]?.model ?? 'unknown',
      threads: availableParallelism(),
      memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
    },
    compiler: findCompiler(),
    backends,
    automatic: (['native', 'wasm', 'cpu'] as const).find((name) => usable.has(name)) ?? 'none',
  };
}

function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
}

/** The compiler that the native kernels would be built with. */
function findCompiler(): Diagnosis['compiler'] {
  for (const command of [process.env.CXX, 'g++', 'clang++']) {
    if (command === undefined || command === '') continue;
    const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
    if (status === 0) return { found: true, detail: stdout.split('\n')[0] ?? command };
  }
  return { found: false, detail: 'neither g++ nor clang++ found; install one and run npm rebuild for native kernels' };
}

function describe({ version, node, machine, compiler, backends, automatic }: Diagnosis): string {
  const mark = (good: boolean): string => (good ? 'ok ' : 'no ');
  const width = Math.max(...backends.map(({ name }) => name.length));
  return [
    `causal-pilot ${version}`,
    `${mark(node.supported)} Node ${node.version}${node.supported ? '' : ` (needs ${MINIMUM_NODE.join('.')} or newer)`}`,
    `    ${machine.processor}, ${machine.threads} threads, ${machine.memoryGiB} GiB memory`,
    `${mark(compiler.found)} compiler: ${compiler.detail}`,
    'backends:',
    ...backends.map(({ name, usable, detail }) => `  ${mark(usable)} ${name.padEnd(width)}  ${detail}`),
    `'auto' takes: ${automatic}`,
  ].join('\n');
}
