import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import type { TrainingIo, TrainingResult } from '../../../training/loop/learning-loop.js';

/** Trains the policy of an experiment against the graph posterior in a checkpoint folder. */
export async function trainAgainst(
  posteriorCheckpoint: string,
  config: ExperimentConfig,
  io: TrainingIo,
): Promise<TrainingResult> {
  const { loadGraphPosterior } = await import('../../../models/checkpoints.js');
  const { trainPolicy } = await import('../../../training/train-policy.js');
  const posterior = await loadGraphPosterior(posteriorCheckpoint);
  try {
    return await trainPolicy(config, posterior, io);
  } finally {
    posterior.dispose();
  }
}
