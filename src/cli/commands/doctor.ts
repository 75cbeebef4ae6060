import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Command } from 'commander';
import { printJson, printLine } from '../session/session.js';
import type { CudaCheck } from './cuda-self-check.js';

const MINIMUM_NODE = [20, 19] as const;

interface Diagnosis {
  readonly version: string;
  readonly node: { readonly version: string; readonly supported: boolean };
  readonly machine: { readonly processor: string; readonly threads: number; readonly memoryGiB: number };
  readonly compiler: { readonly found: boolean; readonly detail: string };
  readonly backends: readonly { readonly name: string; readonly usable: boolean; readonly detail: string }[];
  /** The backend that `auto` takes. */
  readonly automatic: string;
  /** A training step on the CUDA device, where there is one. */
  readonly cuda?: CudaCheck;
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
  const { automaticBackend, describeBackends } = await import('../../../core/backend/backend.js');
  const { programVersion } = await import('../../../core/program-version.js');
  const backends = await describeBackends();
  const hasCuda = backends.some(({ name, usable }) => name === 'cuda' && usable);
  const { checkCuda } = await import('./cuda-self-check.js');
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
    automatic: await automaticBackend(),
    ...(hasCuda ? { cuda: await checkCuda() } : {}),
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

/** Agreement with the processor up to the rounding of tensor cores. */
const GOOD_DIFFERENCE = 1e-2;

function describeCheck({ relativeDifference, deviceKernels, hostKernels }: CudaCheck): string {
  const counts = Object.entries(hostKernels).map(([name, times]) => `${name} ${times} times`);
  const host = counts.length === 0 ? 'none on the host' : `on the host ${counts.join(', ')}`;
  const verdict = relativeDifference <= GOOD_DIFFERENCE ? 'ok ' : 'no ';
  return `  ${verdict} a training step on cuda: within ${relativeDifference.toExponential(1)} of the processor; ${deviceKernels} kernels have a device form, the step ran ${host}`;
}

function describe({ version, node, machine, compiler, backends, automatic, cuda }: Diagnosis): string {
  const mark = (good: boolean): string => (good ? 'ok ' : 'no ');
  const width = Math.max(...backends.map(({ name }) => name.length));
  return [
    `causal-pilot ${version}`,
    `${mark(node.supported)} Node ${node.version}${node.supported ? '' : ` (needs ${MINIMUM_NODE.join('.')} or newer)`}`,
    `    ${machine.processor}, ${machine.threads} threads, ${machine.memoryGiB} GiB memory`,
    `${mark(compiler.found)} compiler: ${compiler.detail}`,
    'backends:',
    ...backends.map(({ name, usable, detail }) => `  ${mark(usable)} ${name.padEnd(width)}  ${detail}`),
    ...(cuda === undefined ? [] : [describeCheck(cuda)]),
    `'auto' takes: ${automatic}`,
  ].join('\n');
}
