import { studentInterval } from '../scores/student-interval.js';

export interface SeedEstimate {
  readonly mean: number;
  /** 95 % interval of the mean over seeds; null for a single seed, which says nothing about others. */
  readonly ci95: readonly [number, number] | null;
  readonly seeds: number;
}

/** Mean over training seeds with Student's 95 % interval: seeds are few, and each figure is itself a mean of many systems. */
export function estimateOverSeeds(values: readonly number[]): SeedEstimate {
  return { ...studentInterval(values), seeds: values.length };
}
