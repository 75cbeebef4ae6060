import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../core/config/is-record.js';
import { CausalPilotError } from '../../core/errors.js';
import type { MetricDescriptions } from '../../core/run/metrics.js';
import type { Learner } from './learner.js';

export interface StoredRun {
  /** The checkpoint that is taken up, for messages. */
  readonly folder: string;
  /** Configuration that the run began with. */
  readonly config: unknown;
  /** Steps done. */
  readonly step: number;
}

/**
 * Checks that a run goes on with the settings that it began with; its backend, its evaluation and, where nothing depends on
 * it, its length may be others.
 *
 * @throws CausalPilotError E_CONFIG naming the first option that differs, or why the end cannot be moved.
 */
export function checkResumes(
  learner: Pick<Learner<MetricDescriptions>, 'steps' | 'length'>,
  config: unknown,
  { folder, config: stored, step }: StoredRun,
): void {
  const free = new Set([...FREE_SECTIONS, learner.length.option]);
  const difference = firstDifference(stored, JSON.parse(JSON.stringify(config)), { free });
  if (difference !== undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `${folder}: the run was started with another '${difference}'; resume with the settings in its config.yaml, or start a new run`,
    );
  checkLength(learner, { folder, before: valueAt(stored, learner.length.option), done: step });
}

/** Sections that change neither what is learned nor how. */
const FREE_SECTIONS: ReadonlySet<string> = new Set(['backend', 'evaluation']);

/** Dotted path of the first option that differs and is not free to. */
function firstDifference(
  stored: unknown,
  given: unknown,
  { free, path = '' }: { readonly free: ReadonlySet<string>; readonly path?: string },
): string | undefined {
  if (isDeepStrictEqual(stored, given) || free.has(path)) return undefined;
  if (!isRecord(stored) || !isRecord(given)) return path;
  const names = new Set([...Object.keys(stored), ...Object.keys(given)]);
  for (const name of names) {
    const own = path === '' ? name : `${path}.${name}`;
    const difference = firstDifference(stored[name], given[name], { free, path: own });
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/**
 * A run may be given another end while nothing that it has done depended on the old one.
 *
 * @throws CausalPilotError E_CONFIG with what fixes the end, or how far the run is already.
 */
function checkLength(
  { steps, length }: Pick<Learner<MetricDescriptions>, 'steps' | 'length'>,
  { folder, before, done }: { readonly folder: string; readonly before: unknown; readonly done: number },
): void {
  if (before === undefined || before === steps) return;
  if (length.fixedBy !== undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `${folder}: the run was started with ${length.option}=${before}, and ${length.fixedBy} depends on that end; resume with ${before}, or start a new run with ${steps}`,
    );
  if (steps <= done)
    throw new CausalPilotError(
      'E_CONFIG',
      `${folder}: the run has done ${done} steps, so ${length.option}=${steps} is behind it; ask for more than ${done}`,
    );
}

function valueAt(config: unknown, option: string): unknown {
  return option.split('.').reduce<unknown>((group, name) => (isRecord(group) ? group[name] : undefined), config);
}
