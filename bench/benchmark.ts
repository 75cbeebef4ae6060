import type { Elapsed } from './clock.js';

/** One way to do the work of a benchmark: our backend, another one, or a peer. */
export interface Contender {
  readonly name: string;
  /** Does the work once. @returns what it measured itself: times, wall seconds alone, or nothing where the caller measures */
  run(): Promise<Elapsed | number | undefined> | Elapsed | number | undefined;
  dispose?(): Promise<void> | void;
}

/** A contender that is not there, and why: printed as one line. */
export interface Absent {
  readonly name: string;
  readonly absent: string;
}

export interface Workload {
  /** What one run does. */
  readonly label: string;
  readonly contenders: readonly (Contender | Absent)[];
  /** Runs by which seconds are divided (histories of a batch, say), and what one of them is called. */
  readonly per?: { readonly count: number; readonly unit: string };
  /** Floating-point operations of one run, for the share of the machine's peak that the first contender reaches. */
  readonly operations?: number;
}

export interface BenchmarkContext {
  readonly threads: number;
  /** Runs of every contender, interleaved; the median counts. */
  readonly rounds: number;
}

/** What a file bench/<name>.ts exports as `benchmark`. */
export interface Benchmark {
  readonly description: string;
  workloads(context: BenchmarkContext): Promise<Workload[]>;
}

/** A benchmark that measures and prints by itself; it has no part in the JSON document. */
export interface PrintedBenchmark {
  readonly description: string;
  print(): void;
}
