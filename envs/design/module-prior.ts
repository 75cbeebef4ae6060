import { resolve } from 'node:path';
import { CausalPilotError } from '../../core/errors.js';
import { fileInput, type RunInputs } from '../../core/run/run-inputs.js';
import type { CausalModelPrior } from '../prior/causal-model.js';
import type { CausalModelPriorConfig, ModulePriorConfig } from './prior-config.js';
import { loadUserModule } from './user-module.js';

interface LoadedPrior {
  /** Absolute, so that worker threads find it. */
  readonly file: string;
  readonly prior: CausalModelPrior;
}

/** The one that this thread was given; configurations cannot carry it, since they must not name code. */
let loaded: LoadedPrior | undefined;

/**
 * Loads the prior that configurations of kind `module` stand for in this thread from now on.
 *
 * @throws CausalPilotError E_INPUT for a file that cannot be loaded or whose `makePrior` gives no prior.
 */
export async function usePriorModule(file: string): Promise<CausalModelPrior> {
  const { makePrior } = await loadUserModule(file);
  if (typeof makePrior !== 'function')
    throw new CausalPilotError(
      'E_INPUT',
      `${file}: it must export a function 'makePrior' that gives the prior of its systems`,
    );
  const prior: unknown = makePrior();
  if (!isPrior(prior))
    throw new CausalPilotError(
      'E_INPUT',
      `${file}: what 'makePrior' gives must have 'size', its number of variables, and 'sample(stream)', which draws a system`,
    );
  loaded = { file: resolve(file), prior };
  return prior;
}

function isPrior(value: unknown): value is CausalModelPrior {
  const { size, sample } = (value ?? {}) as Partial<CausalModelPrior>;
  return Number.isInteger(size) && Number(size) >= 1 && typeof sample === 'function';
}

/** @throws CausalPilotError E_CONFIG where this thread was given no module, or one of other systems than `variables` says. */
export function modulePrior({ variables }: ModulePriorConfig): CausalModelPrior {
  if (loaded === undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      "environment.prior.kind: 'module' stands for systems of your own; name their file with --module, which pretrain, train and evaluate take",
    );
  const { file, prior } = loaded;
  if (prior.size !== variables)
    throw new CausalPilotError(
      'E_CONFIG',
      `environment.prior.variables: ${variables}, but the systems of ${file} have ${prior.size}; leave sizes to the module`,
    );
  return prior;
}

/** The file of a prior of kind `module` for threads that have to load it again; undefined for other kinds. */
export function priorModuleFile({ kind }: CausalModelPriorConfig): string | undefined {
  return kind === 'module' ? loaded?.file : undefined;
}

/** The module as what a run is bound to; nothing for other kinds of prior. Files that the module itself imports are not seen. */
export function priorModuleInputs(prior: CausalModelPriorConfig): RunInputs {
  const file = priorModuleFile(prior);
  return file === undefined ? {} : { module: fileInput(file) };
}
