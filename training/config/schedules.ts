import * as z from 'zod';

export const LearningRateSchedule = z.strictObject({
  kind: z
    .enum(['constant', 'cosine'])
    .default('cosine')
    .describe('shape after the warm-up; cosine falls to finalFactor'),
  peak: z.number().gt(0).describe('learning rate after the warm-up'),
  warmupSteps: z.int().min(0).default(0).describe('steps of linear rise from 0'),
  finalFactor: z
    .number()
    .min(0)
    .lte(1)
    .default(0.01)
    .describe('last learning rate of the cosine as a share of the peak'),
});
export type LearningRateSchedule = z.infer<typeof LearningRateSchedule>;

/** The setting by which a schedule at `path` depends on the number of steps; undefined where it does not. */
export function dependenceOnEnd(path: string, { kind }: LearningRateSchedule): string | undefined {
  return kind === 'cosine' ? `${path}.kind=cosine` : undefined;
}

/** Learning rate of `step` (from 0) out of `totalSteps`. */
export function learningRateAt(schedule: LearningRateSchedule, step: number, totalSteps: number): number {
  const { kind, peak, warmupSteps, finalFactor } = schedule;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  if (kind === 'constant') return peak;
  const share = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return peak * (finalFactor + (1 - finalFactor) * 0.5 * (1 + Math.cos(Math.PI * share)));
}

/** Rate at which averaged weights follow: early on the average spans the last tenth of the steps so far, so that the random start is soon forgotten. */
export function averageRateAt(averageRate: number, step: number): number {
  return Math.max(averageRate, 10 / (step + 10));
}
