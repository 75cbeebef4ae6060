import { isRecord } from '../../../core/config/is-record.js';
import { CausalPilotError } from '../../../core/errors.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import type { UnreadOption } from '../../../training/config/unread-options.js';

/** What works with an experiment. */
export type ReadingCommand =
  | 'pretrain'
  | 'posterior'
  | 'train'
  | 'evaluate'
  | 'behaviour'
  | 'quickstart'
  | 'sweep'
  | 'config';

/** What decides how a posterior is trained; `posterior.source` says which one is taken. */
const TRAINING_OF_POSTERIOR = ['posterior.network', 'posterior.data', 'posterior.training'];
const GIVEN_POSTERIOR: readonly UnreadOption[] = TRAINING_OF_POSTERIOR.map((path) => ({
  path,
  reason:
    "the graph posterior is given as it is; train another with 'causal-pilot pretrain' and name it by --posterior",
}));
const NO_SIMULATION: UnreadOption = {
  path: 'backend.simulationWorkers',
  reason: 'only the training of a graph posterior simulates datasets in workers',
};
const GIVEN_POLICY: readonly UnreadOption[] = ['policy', 'learner'].map((path) => ({
  path,
  reason: "the policy is given as it is; train another with 'causal-pilot train' and name it by --policy",
}));
const NO_POLICY: readonly UnreadOption[] = ['policy', 'learner'].map((path) => ({
  path,
  reason: "no policy is trained here; give it to 'causal-pilot train'",
}));
const NO_EVALUATION: UnreadOption = {
  path: 'evaluation',
  reason: "nothing is evaluated here; give it to 'causal-pilot evaluate' or 'behaviour'",
};
const OTHER_SEED: UnreadOption = {
  path: 'seed',
  reason: 'nothing is trained here; evaluation.seed names the held-out systems',
};

/** Sections of an experiment that a command does not read. */
const UNREAD: Readonly<Record<ReadingCommand, readonly UnreadOption[]>> = {
  pretrain: [...NO_POLICY, NO_EVALUATION],
  posterior: [OTHER_SEED, ...GIVEN_POSTERIOR, ...NO_POLICY, NO_SIMULATION],
  train: [...GIVEN_POSTERIOR, NO_EVALUATION, NO_SIMULATION],
  evaluate: [OTHER_SEED, ...GIVEN_POSTERIOR, ...GIVEN_POLICY, NO_SIMULATION],
  behaviour: [OTHER_SEED, ...GIVEN_POSTERIOR, ...GIVEN_POLICY, NO_SIMULATION],
  quickstart: [],
  sweep: [],
  config: [],
};

/** What a sweep reads depends on whether its runs share a posterior. */
export const SHARED_POSTERIOR: readonly UnreadOption[] = [
  ...TRAINING_OF_POSTERIOR.map((path) => ({
    path,
    reason: 'all runs share one graph posterior; add --pretrain, so that each trains its own, or leave it out',
  })),
  NO_SIMULATION,
];

/** Why nothing reads an option that was set, if nothing does. A group counts as read if any part of it is. */
function whyUnread(option: string, unread: readonly UnreadOption[]): string | undefined {
  return unread.find(({ path }) => option === path || option.startsWith(`${path}.`))?.reason;
}

/** The option that an override `option=value` sets. */
export function overriddenOption(override: string): string {
  return override.slice(0, Math.max(override.indexOf('='), 0)).trim();
}

/**
 * Refuses options that the user set and nothing would read.
 *
 * @throws CausalPilotError E_CONFIG with a line for each: the option, why it has no effect, what to do instead.
 */
export function refuseUnread(
  options: readonly string[],
  { reader, unread }: { readonly reader: ReadingCommand; readonly unread: readonly UnreadOption[] },
): void {
  const problems = options.flatMap((option) => {
    const reason = whyUnread(option, [...UNREAD[reader], ...unread]);
    return reason === undefined ? [] : [`${option}: nothing in this run reads it: ${reason}`];
  });
  if (problems.length > 0) throw new CausalPilotError('E_CONFIG', [...new Set(problems)].join('\n'));
}

/** The configuration without the options at some paths. */
export function withoutOptions(config: ExperimentConfig, paths: readonly string[]): unknown {
  const copy = structuredClone(config);
  for (const path of paths) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let group: unknown = copy;
    for (const name of names) group = isRecord(group) ? group[name] : undefined;
    if (isRecord(group)) delete group[last];
  }
  return copy;
}
