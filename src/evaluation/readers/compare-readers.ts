import { basename, dirname } from 'node:path';
import type { GraphPosterior } from '../../../core/causal/graph-posterior.js';
import { CausalPilotError } from '../../../core/errors.js';
import type { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { loadGraphPosterior, loadPolicy } from '../../../models/checkpoints.js';
import {
  exactPosteriorFor,
  exactPosteriorWhereDefined,
} from '../../../models/posterior/exact/environment-posterior.js';
import { MOST_VARIABLES } from '../../../models/posterior/exact/exact-prior.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { type DesignQuality, designQuality, type Reader } from '../../../training/posterior/design-quality.js';
import { correlationReader } from '../../../training/posterior/plain-readers.js';
import { openPlans } from '../strategies/open-plans.js';
import { createStrategies, needsPolicy } from '../strategies/registry.js';
import { evaluationSettings } from '../structure/settings.js';

/** Name of the reader that ranks pairs by correlation: its numbers are no probabilities. */
export const CORRELATION = '|correlation|';

export interface ReadersOptions {
  readonly config: ExperimentConfig;
  /** Checkpoint folders of learned posteriors. */
  readonly posteriors: readonly string[];
  /** Checkpoint folder of a policy, for strategies that need one. */
  readonly policy?: string;
  readonly strategies: readonly string[];
  readonly environments: readonly string[];
  /** Numbers of experiments after which histories are read. */
  readonly experiments: readonly number[];
  readonly systems: number;
}

export interface ReaderQuality extends DesignQuality {
  readonly environment: string;
}

/**
 * What learned posteriors make of the histories of strategies in every setting, beside the exact posterior where it is defined,
 * the scale-free one (misspecified or not) and the absolute correlation.
 */
export async function compareReaders(options: ReadersOptions): Promise<ReaderQuality[]> {
  const { config, policy: policyFolder } = options;
  const policy =
    policyFolder !== undefined && options.strategies.some(needsPolicy) ? await loadPolicy(policyFolder) : undefined;
  const learned = await loadReaders(options.posteriors);
  try {
    const plans = await openPlans(config, options.strategies);
    const strategies = createStrategies(options.strategies, { policy, ...plans });
    const { systems, experiments } = options;
    const { seed } = config.evaluation;
    const qualities: ReaderQuality[] = [];
    for (const setting of evaluationSettings(config.environment, options.environments)) {
      const { exact, readers } = await readersOf(setting.config, learned);
      const own = designQuality({
        environment: setting.config,
        readers,
        exact,
        strategies,
        experiments,
        systems,
        seed,
      });
      qualities.push(...own.map((quality) => ({ environment: setting.name, ...quality })));
    }
    return qualities;
  } finally {
    policy?.dispose();
    for (const { dispose } of learned) dispose();
  }
}

type LearnedReader = Reader & { readonly dispose: () => void };

async function loadReaders(folders: readonly string[]): Promise<LearnedReader[]> {
  const names = folders.map(readerName);
  names.forEach((name, index) => {
    if (names.indexOf(name) !== index)
      throw new CausalPilotError('E_CONFIG', `--posterior: two posteriors are called '${name}'; name each folder once`);
  });
  return Promise.all(
    folders.map(async (folder, index) => {
      const posterior = await loadGraphPosterior(folder);
      return { name: names[index]!, posterior, dispose: () => posterior.dispose() };
    }),
  );
}

/** Folder of the checkpoint, or of the run whose best one it is. */
function readerName(folder: string): string {
  const run = folder.replace(/\/checkpoints\/best$/, '');
  const name = basename(run);
  return name === 'posterior' ? `${basename(dirname(run))}/posterior` : name;
}

async function readersOf(
  environment: DesignEnvConfig,
  learned: readonly Reader[],
): Promise<{ readonly exact: GraphPosterior | undefined; readonly readers: readonly Reader[] }> {
  const exact = await exactPosteriorWhereDefined(environment);
  const scaleFree =
    environment.prior.variables <= MOST_VARIABLES
      ? await exactPosteriorFor('scale-free', environment, { allowMisspecified: true })
      : undefined;
  const readers: Reader[] = [...learned];
  if (exact !== undefined) readers.push({ name: exact.name, posterior: exact });
  if (scaleFree !== undefined) readers.push({ name: scaleFree.name, posterior: scaleFree });
  readers.push({ name: CORRELATION, posterior: correlationReader });
  return { exact, readers };
}
