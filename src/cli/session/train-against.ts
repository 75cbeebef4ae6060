import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import type { TrainingIo, TrainingResult } from '../../../training/loop/learner.js';

/** Trains the policy of an experiment against a graph posterior, trained or exact. */
export async function trainAgainst(source: string, config: ExperimentConfig, io: TrainingIo): Promise<TrainingResult> {
  const { openPosterior } = await import('../../../models/open-posterior.js');
  const { trainPolicy } = await import('../../../training/train-policy.js');
  const { posterior, dispose } = await openPosterior(source, config.environment);
  try {
    return await trainPolicy(config, posterior, io);
  } finally {
    dispose();
  }
}
