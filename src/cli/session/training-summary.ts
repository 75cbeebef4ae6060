import type { TrainingResult } from '../../../training/loop/learner.js';

/** A few lines about a training run: where it stands, its held-out metrics, how to go on. */
export function trainingSummary(what: string, folder: string, result: TrainingResult): string {
  const { status, step, gradientSteps, changed, metrics, bestCheckpoint } = result;
  const steps = gradientSteps === 1 ? '1 gradient step' : `${gradientSteps} gradient steps`;
  if (status === 'interrupted') {
    const state = changed.last ? `after ${steps}` : 'before any weight has changed';
    return `${what}: stopped at step ${step}, ${state}, and saved in ${folder}; continue with --resume`;
  }
  if (!changed.last)
    return `${what}: finished at step ${step}, but ${steps} changed no weight: what ${folder} holds is not trained`;
  const best = changed.best
    ? `best checkpoint ${bestCheckpoint}`
    : `best checkpoint ${bestCheckpoint} has the initial weights, because no later ones did better on held-out systems`;
  const figures = Object.entries(metrics).map(([name, value]) => `  ${name} ${Number(value.toPrecision(5))}`);
  return [`${what}: finished at step ${step} after ${steps}; ${best}`, ...figures].join('\n');
}
