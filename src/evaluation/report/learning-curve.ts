import { estimateOverSeeds, type SeedEstimate } from './seed-interval.js';

/** One validation of a training run. */
export interface ValidationPoint {
  /** Updates done. */
  readonly step: number;
  /** Processor minutes of learning so far. */
  readonly minutes: number;
  readonly value: number;
}

/** The runs of one configuration at a common number of updates. */
export interface CurvePoint extends SeedEstimate {
  readonly step: number;
  /** Processor minutes, mean over the runs. */
  readonly minutes: number;
}

/**
 * Mean learning curve of runs that differ in their seed, each given by its validations in ascending steps. Runs are
 * compared at equal numbers of updates: at every step where any of them was validated and that all have reached, with
 * linear interpolation between a run's own validations. Runs without a validation are left out.
 */
export function averageRuns(runs: readonly (readonly ValidationPoint[])[]): CurvePoint[] {
  const validated = runs.filter((run) => run.length > 0);
  const first = Math.max(...validated.map((run) => run[0]?.step ?? 0));
  const last = Math.min(...validated.map((run) => run.at(-1)?.step ?? 0));
  const steps = [...new Set(validated.flat().map(({ step }) => step))].filter((step) => step >= first && step <= last);
  steps.sort((a, b) => a - b);
  return steps.map((step) => {
    const points = validated.map((run) => interpolate(run, step));
    return {
      step,
      minutes: points.reduce((sum, { minutes }) => sum + minutes, 0) / points.length,
      ...estimateOverSeeds(points.map(({ value }) => value)),
    };
  });
}

/** The run at `step`, which lies between its first and its last validation. */
function interpolate(run: readonly ValidationPoint[], step: number): Pick<ValidationPoint, 'minutes' | 'value'> {
  const after = run.findIndex((point) => point.step >= step);
  const right = run[after] ?? { step, minutes: Number.NaN, value: Number.NaN };
  const left = right.step === step ? right : (run[after - 1] ?? right);
  const weight = right.step === left.step ? 0 : (step - left.step) / (right.step - left.step);
  const between = (a: number, b: number): number => a + weight * (b - a);
  return { minutes: between(left.minutes, right.minutes), value: between(left.value, right.value) };
}
