import type { DeviceDescription } from '../../core/cuda/device/device.js';
import type { Agreement } from './agreement.js';
import type { Peak } from './card.js';
import type { KernelTime } from './profile.js';
import type { TorchAbsence, TorchTiming } from './torch-peer.js';
import type { GpuTiming } from './workloads.js';

export interface CardReport extends DeviceDescription {
  /** Where the device code came from. */
  readonly kernels: string;
  readonly copyBytesPerSecond: number;
  readonly peak: Peak | undefined;
}

export interface GpuReport {
  readonly card: CardReport | undefined;
  readonly agreement: readonly Agreement[];
  readonly timings: readonly GpuTiming[];
  readonly torch: readonly (TorchTiming | TorchAbsence)[];
  /** Where the time of a training step goes, by workload. */
  readonly profiles: Readonly<Record<string, readonly KernelTime[]>>;
  readonly problems: readonly string[];
}

const giga = (value: number): string => (value / 1e9).toFixed(1);
const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(2)} ms`;
const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

function formatAgreement(agreement: Agreement): string {
  const { name, precision, difference, allowed, repeats, agrees, hostKernels, error } = agreement;
  const host = Object.keys(hostKernels).length === 0 ? '' : `, on the host: ${JSON.stringify(hostKernels)}`;
  const what =
    error ??
    `${difference.toExponential(1)} of at most ${allowed.toExponential(0)}${repeats ? '' : ', other bits the second time'}${host}`;
  return `  ${agrees ? 'agrees ' : 'DIFFERS'} ${name} (${precision}): ${what}`;
}

function formatTiming(timing: GpuTiming, { card, torch }: GpuReport): string[] {
  const { name, batch, medianSeconds, fastestSeconds, runs, heldBytes, operationsPerSecond, bytesPerSecond } = timing;
  const lines = [
    `  ${name}, batch ${batch}: ${milliseconds(medianSeconds)} median, ${milliseconds(fastestSeconds)} fastest of ${runs}, ${(heldBytes / 2 ** 30).toFixed(2)} GiB held`,
  ];
  if (operationsPerSecond !== undefined && bytesPerSecond !== undefined) {
    const peak = card?.peak;
    const share =
      peak === undefined
        ? ''
        : ` (${percent(operationsPerSecond / peak.matrixOperationsPerSecond)} of the matrix peak, ${percent(bytesPerSecond / peak.bytesPerSecond)} of the bandwidth)`;
    lines.push(`    ${giga(operationsPerSecond)} GFLOP/s, ${giga(bytesPerSecond)} GB/s at least${share}`);
  }
  for (const peer of torch.filter((other) => other.name === name)) {
    const kind = peer.compiled ? 'compiled' : 'eager';
    if ('reason' in peer) {
      lines.push(`    torch ${kind}: ${peer.reason}`);
      continue;
    }
    const ratio = peer.medianSeconds / peer.batch / (medianSeconds / batch);
    lines.push(
      `    torch ${peer.version} ${kind}, batch ${peer.batch}: ${milliseconds(peer.medianSeconds)}, ${(peer.peakBytes / 2 ** 30).toFixed(2)} GiB; ${ratio.toFixed(2)} times ours per history`,
    );
  }
  return lines;
}

const PROFILE_LINES = 12;

function formatProfile([name, kernels]: readonly [string, readonly KernelTime[]]): string[] {
  const total = kernels.reduce((sum, { seconds }) => sum + seconds, 0);
  const lines = kernels
    .slice(0, PROFILE_LINES)
    .map(
      ({ kernel, launches, seconds }) =>
        `    ${percent(seconds / total)} ${kernel}: ${milliseconds(seconds)} in ${launches}`,
    );
  return [`  ${name}, one at a time ${milliseconds(total)}:`, ...lines];
}

/** The report as text. */
export function formatReport(report: GpuReport): string {
  const { card, agreement, timings, profiles, problems } = report;
  const differing = agreement.filter(({ agrees }) => !agrees).length;
  return [
    card === undefined
      ? 'No device was described.'
      : `${card.name}, capability ${card.capability / 10}, driver for CUDA ${card.driverVersion}, kernels: ${card.kernels}; copies ${giga(card.copyBytesPerSecond)} GB/s`,
    `${agreement.length} comparisons with stock ops on the stock WebAssembly backend, ${differing} differ:`,
    ...agreement.map(formatAgreement),
    'Throughput (products in tf32):',
    ...timings.flatMap((timing) => formatTiming(timing, report)),
    'Kernels by time, each waited for:',
    ...Object.entries(profiles).flatMap(formatProfile),
    ...problems.map((problem) => `PROBLEM ${problem}`),
    '',
  ].join('\n');
}
