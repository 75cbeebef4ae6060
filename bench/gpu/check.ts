// The check of the CUDA backend on a real card, bundled into one file by scripts/bundle-gpu-check.mjs:
//   node check.mjs [--software] [--small] [--minutes N] [--parts agreement,torch,timings,compiled] [--workload part] [--out folder]
// It compares every kernel with stock ops on the stock WebAssembly backend, measures throughput and memory beside torch on the same card, and
// writes report.json and report.txt.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { useBackend } from '../../core/backend/backend.js';
import { cudaBackend } from '../../core/cuda/register.js';
import { checkAgreement } from './agreement.js';
import { measureCopyBandwidth, peakOf } from './card.js';
import { profileWorkload } from './profile.js';
import { formatReport, type GpuReport } from './report.js';
import { runTorch } from './torch-peer.js';
import { type GpuWorkload, gpuWorkloads, timeWorkload } from './workloads.js';

const { values } = parseArgs({
  options: {
    software: { type: 'boolean', default: false },
    small: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '9' },
    parts: { type: 'string', default: 'agreement,torch,timings,compiled' },
    workload: { type: 'string', default: '' },
    out: { type: 'string', default: '.' },
  },
});
const { software, small } = values;
const deadline = performance.now() + Number(values.minutes) * 60_000;
const secondsLeft = (): number => Math.max(0, (deadline - performance.now()) / 1000);
const device = software ? 'software' : 'gpu';
const parts = new Set(values.parts.split(','));

/** The parts of the report that exist so far: written after every part, since the machine may be taken away. */
const report: {
  -readonly [Key in keyof GpuReport]: GpuReport[Key];
} = { card: undefined, agreement: [], timings: [], torch: [], profiles: {}, problems: [] };

function write(): void {
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(values.out, 'report.txt'), formatReport(report));
}

/** Notes what went wrong in one part and goes on with the next. */
async function attempt(part: string, body: () => Promise<void> | void): Promise<void> {
  const begin = performance.now();
  try {
    await body();
  } catch (error) {
    report.problems = [...report.problems, `${part}: ${error instanceof Error ? error.message : error}`];
  }
  console.error(`${part}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  write();
}

async function describeCard(): Promise<void> {
  await useBackend({ backend: 'cuda', cudaDevice: device });
  const backend = cudaBackend()!;
  const { description } = backend.device;
  const copyBytesPerSecond = measureCopyBandwidth(backend, small ? 2 ** 20 : 2 ** 28);
  report.card = {
    ...description,
    kernels: backend.launcher.modules.images.origin,
    copyBytesPerSecond,
    peak: peakOf(description.name),
  };
}

/** The peer's time, or why there is none. */
async function measureTorch(workload: GpuWorkload, compiled: boolean): Promise<void> {
  if (workload.mode === undefined) return;
  const seconds = Math.min(small ? 60 : 100, secondsLeft());
  await attempt(`torch ${compiled ? 'compiled' : 'eager'}, ${workload.name}`, async () => {
    report.torch = [...report.torch, await runTorch(workload, { compiled, small, seconds })];
  });
}

async function measureOurs(workload: GpuWorkload): Promise<void> {
  await attempt(workload.name, async () => {
    await useBackend({ backend: 'cuda', cudaDevice: device, precision: 'tf32' });
    const backend = cudaBackend()!;
    const timing = timeWorkload(workload, backend, { rounds: small ? 1 : 20, seconds: 20 });
    report.timings = [...report.timings, timing];
    report.profiles = { ...report.profiles, [workload.name]: profileWorkload(workload, backend) };
    backend.memoryPool.trim();
  });
}

/** Compiling takes torch long, so it comes last. */
async function measure(): Promise<void> {
  const workloads = gpuWorkloads(small).filter(({ name }) => name.includes(values.workload));
  for (const workload of workloads) {
    if (parts.has('timings')) await measureOurs(workload);
    if (parts.has('torch')) await measureTorch(workload, false);
  }
  if (!parts.has('compiled')) return;
  for (const workload of workloads) if (secondsLeft() > 30) await measureTorch(workload, true);
}

await attempt('card', describeCard);
if (parts.has('agreement')) {
  await attempt('agreement', async () => {
    report.agreement = await checkAgreement({ device, small });
  });
}
await measure();
write();
console.log(formatReport(report));
process.exitCode = report.problems.length > 0 || report.agreement.some(({ agrees }) => !agrees) ? 1 : 0;
