import { CausalPilotError } from '../../../core/errors.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { type UnreadOption, unreadOptions } from '../../../training/config/unread-options.js';
import { checkLearner } from '../../../training/train-policy.js';
import { type ExperimentOptions, loadExperiment } from '../session/options.js';
import { overriddenOption, refuseUnread, SHARED_POSTERIOR, withoutOptions } from '../session/read-options.js';
import { type Trial, trialOverrides } from './search-space.js';

/** Options that a sweep sets itself, or that change no figure; varying them repeats the same runs under other names. */
const FIXED: readonly UnreadOption[] = [
  {
    path: 'seed',
    reason: 'every trial runs with every seed; say how many with --seeds, and the first with --set seed=',
  },
  { path: 'posterior.source', reason: 'it is one for all runs; set it with --set' },
  { path: 'backend.threads', reason: 'threads change no figure; say how many each run may take with --threads' },
  { path: 'backend.simulationWorkers', reason: 'workers change no figure; set them for all runs with --set' },
];

/**
 * Resolves every trial before the first one runs.
 *
 * @throws CausalPilotError E_CONFIG for values that cannot be, options that nothing reads, a learner that cannot start, and
 * trials that come to the same.
 */
export async function checkTrials(
  trials: readonly Trial[],
  options: ExperimentOptions & { readonly pretrain?: boolean },
): Promise<readonly ExperimentConfig[]> {
  const shared = options.pretrain ? [] : SHARED_POSTERIOR;
  refuseUnread(options.set.map(overriddenOption), { reader: 'sweep', unread: shared });
  const varied = Object.keys(trials[0]?.values ?? {});
  refuseUnread(varied, { reader: 'sweep', unread: [...FIXED, ...shared] });
  const configs: ExperimentConfig[] = [];
  const seen = new Map<string, Trial>();
  for (const trial of trials) {
    const config = await loadExperiment({ ...options, set: [...options.set, ...trialOverrides(trial)] }, 'sweep');
    checkLearner(config);
    const unread = [...FIXED, ...shared, ...unreadOptions(config)].map(({ path }) => path);
    const identity = JSON.stringify(withoutOptions(config, unread));
    const twin = seen.get(identity);
    if (twin !== undefined)
      throw new CausalPilotError(
        'E_CONFIG',
        `trials ${twin.index + 1} (${trialOverrides(twin).join(', ')}) and ${trial.index + 1} (${trialOverrides(trial).join(', ')}) come to the same configuration; list every value once, draw fewer, and set what varies nowhere else`,
      );
    seen.set(identity, trial);
    configs.push(config);
  }
  return configs;
}
