import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CausalPilotError } from '../../../core/errors.js';

/**
 * The checkpoint folder that the user means: a checkpoint itself, or the best one of a run.
 *
 * @throws CausalPilotError E_CHECKPOINT if there is nothing at `path`, or a run that has no checkpoint yet.
 */
export async function checkpointFolder(path: string, remedy: string): Promise<string> {
  const { hasCheckpoint } = await import('../../../core/checkpoint/manifest.js');
  if (!existsSync(path) && !hasCheckpoint(path))
    throw new CausalPilotError('E_CHECKPOINT', `${path}: there is no such folder; ${remedy}`);
  const best = join(path, 'checkpoints', 'best');
  if (hasCheckpoint(best)) return best;
  if (existsSync(join(path, 'run.json')))
    throw new CausalPilotError('E_CHECKPOINT', `${path}: this run has not saved a checkpoint yet; ${remedy}`);
  return path;
}
