import { loadFunctions } from '../core/native/device/bindings.js';
import type { BenchmarkContext, Contender, Workload } from './benchmark.js';
import { type Elapsed, startClock } from './clock.js';

/** Seconds of one contender over all rounds. */
export interface Timing {
  readonly name: string;
  readonly medianSeconds: number;
  readonly fastestSeconds: number;
  /** Median processor time of all threads together. */
  readonly cpuSeconds: number;
  readonly runs: number;
}

export interface Measurement {
  readonly label: string;
  readonly unit: string;
  readonly perRun: number;
  readonly timings: readonly Timing[];
  /** How many times longer than the first contender each one takes, by medians. */
  readonly ratios: Readonly<Record<string, number>>;
  readonly absent: Readonly<Record<string, string>>;
  /**
   * Operations per second and core of the first contender, and as a share of the peak measured in the same rounds. Seconds
   * are those of the processor, so that other programs on the machine do not count.
   */
  readonly operationsPerSecond?: number;
  readonly shareOfPeak?: number;
  readonly peakOperationsPerSecond?: number;
}

const PEAK_ROUNDS = 20_000;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

async function runOnce(contender: Contender): Promise<Elapsed> {
  const stop = startClock();
  const own = await contender.run();
  const whole = stop();
  if (own === undefined) return whole;
  return typeof own === 'number' ? { wallSeconds: own, cpuSeconds: Number.NaN } : own;
}

/** Operations per second and core of the register-blocked product, or undefined without the native library. */
async function measurePeak(): Promise<number | undefined> {
  try {
    const functions = await loadFunctions();
    const stop = startClock();
    const operations = functions.cp_peak_operations(PEAK_ROUNDS);
    return operations / stop().cpuSeconds;
  } catch {
    return undefined;
  }
}

/** One warm run of each, then `rounds` rounds in which every contender runs once, so that slow spells hit all alike. */
export async function measureWorkload(workload: Workload, { rounds }: BenchmarkContext): Promise<Measurement> {
  const contenders = workload.contenders.filter((contender) => 'run' in contender);
  const absent = workload.contenders.filter((contender) => 'absent' in contender);
  const elapsed = new Map<string, Elapsed[]>(contenders.map(({ name }) => [name, []]));
  const peaks: number[] = [];
  for (const contender of contenders) await contender.run();
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) elapsed.get(contender.name)!.push(await runOnce(contender));
    const peak = workload.operations === undefined ? undefined : await measurePeak();
    if (peak !== undefined) peaks.push(peak);
  }
  for (const contender of contenders) await contender.dispose?.();
  const timings = contenders.map(({ name }) => {
    const runs = elapsed.get(name)!;
    const wall = runs.map(({ wallSeconds }) => wallSeconds);
    const cpuSeconds = median(runs.map((run) => run.cpuSeconds));
    return { name, medianSeconds: median(wall), fastestSeconds: Math.min(...wall), cpuSeconds, runs: runs.length };
  });
  const first = timings[0];
  const measurement: Measurement = {
    label: workload.label,
    unit: workload.per?.unit ?? 'run',
    perRun: workload.per?.count ?? 1,
    timings,
    ratios: Object.fromEntries(timings.map(({ name, medianSeconds }) => [name, medianSeconds / first!.medianSeconds])),
    absent: Object.fromEntries(absent.map(({ name, absent: reason }) => [name, reason])),
  };
  if (workload.operations === undefined || first === undefined || peaks.length === 0) return measurement;
  const operationsPerSecond = workload.operations / first.cpuSeconds;
  const peakOperationsPerSecond = median(peaks);
  const shareOfPeak = operationsPerSecond / peakOperationsPerSecond;
  return { ...measurement, operationsPerSecond, peakOperationsPerSecond, shareOfPeak };
}

/** The measurement as lines of text. */
export function formatMeasurement(measurement: Measurement): string {
  const { label, unit, perRun, timings, ratios, absent } = measurement;
  const milliseconds = (seconds: number) => ((seconds / perRun) * 1000).toFixed(3).padStart(10);
  const lines = timings.map(({ name, medianSeconds, fastestSeconds, cpuSeconds, runs }) => {
    const ratio = `${ratios[name]!.toFixed(2)}x`.padStart(9);
    return `  ${name.padEnd(28)}${milliseconds(medianSeconds)} ms median,${milliseconds(fastestSeconds)} fastest of ${runs},${milliseconds(cpuSeconds)} of processor${ratio}`;
  });
  for (const [name, reason] of Object.entries(absent)) lines.push(`  ${name}: skipped, ${reason}`);
  if (measurement.shareOfPeak !== undefined) {
    const giga = (rate: number) => (rate / 1e9).toFixed(1);
    lines.push(
      `  ${timings[0]!.name}: ${giga(measurement.operationsPerSecond!)} of ${giga(measurement.peakOperationsPerSecond!)} GFLOP/s per core, ${(measurement.shareOfPeak * 100).toFixed(0)} % of the peak`,
    );
  }
  return [`${label} (per ${unit})`, ...lines].join('\n');
}
