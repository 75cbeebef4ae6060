import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CausalPilotError } from '../../../core/errors.js';
import { isExactPosterior } from '../../../models/posterior/posterior-sources.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { defaultFolder, type ExperimentOptions } from './options.js';
import { overriddenOption } from './read-options.js';

/** How `--posterior` is described where exact posteriors may be named. */
export const POSTERIOR_OPTION =
  'run or checkpoint of the graph posterior, or exact or scale-free: Bayesian inference itself, for linear Gaussian systems (default: what posterior.source says, a learned one from runs/<preset>/posterior)';

const SOURCE_OPTION = 'posterior.source';

/**
 * The posterior that the user means, by option or else by configuration: the name of an exact one, or the checkpoint folder
 * of a trained one.
 *
 * @throws CausalPilotError E_CHECKPOINT if there is no such checkpoint.
 */
export async function posteriorSource(
  options: ExperimentOptions & { readonly posterior?: string },
  config: ExperimentConfig,
): Promise<string> {
  if (options.posterior !== undefined && options.set.some((override) => overriddenOption(override) === SOURCE_OPTION))
    throw new CausalPilotError('E_CONFIG', `${SOURCE_OPTION}: --posterior names another one; give one of the two`);
  const named = options.posterior ?? exactSource(config) ?? defaultFolder(options, 'posterior');
  if (isExactPosterior(named)) return named;
  return checkpointFolder(named, "train one with 'causal-pilot pretrain', or name it with --posterior");
}

/** @throws CausalPilotError E_CONFIG where the posterior of an experiment is exact and there is nothing to train. */
export function requireLearned(config: ExperimentConfig): void {
  const source = exactSource(config);
  if (source !== undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `posterior.source: '${source}' needs no training; go on with 'causal-pilot train', or set posterior.source=learned`,
    );
}

/** The exact posterior that an experiment asks for instead of a learned one. */
export function exactSource({ posterior: { source } }: ExperimentConfig): string | undefined {
  return source === 'learned' ? undefined : source;
}

/**
 * The checkpoint folder that the user means: a checkpoint itself, or the best one of a run.
 *
 * @throws CausalPilotError E_CHECKPOINT if there is nothing at `path`, or a run that has no checkpoint yet.
 */
export async function checkpointFolder(path: string, remedy: string): Promise<string> {
  const { hasCheckpoint } = await import('../../../core/checkpoint/manifest.js');
  const found = locate(path, { remedy, hasCheckpoint });
  await noticeInitialWeights(found);
  return found;
}

/** Says on standard error that a model has the weights that its training began with; figures of it are no training's. */
export async function noticeInitialWeights(folder: string): Promise<void> {
  const { isTrained } = await import('../../../models/checkpoints.js');
  if (isTrained(folder)) return;
  process.stderr.write(
    `${folder} is not trained: its weights are those that its run began with; train longer, or take its figures for those of a random start\n`,
  );
}

function locate(
  path: string,
  { remedy, hasCheckpoint }: { readonly remedy: string; readonly hasCheckpoint: (folder: string) => boolean },
): string {
  if (!existsSync(path) && !hasCheckpoint(path))
    throw new CausalPilotError('E_CHECKPOINT', `${path}: there is no such folder; ${remedy}`);
  const best = join(path, 'checkpoints', 'best');
  if (hasCheckpoint(best)) return best;
  if (existsSync(join(path, 'run.json')))
    throw new CausalPilotError('E_CHECKPOINT', `${path}: this run has not saved a checkpoint yet; ${remedy}`);
  return path;
}
