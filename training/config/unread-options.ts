import type { ExperimentConfig } from './experiment-config.js';

/** An option, or a group of them, that has no effect in an experiment. */
export interface UnreadOption {
  /** Dotted path. */
  readonly path: string;
  /** Why, and what to do instead. */
  readonly reason: string;
}

/** Options that others switch off: changing them changes nothing of what the experiment does. */
export function unreadOptions({ learner, policy, posterior, evaluation, backend }: ExperimentConfig): UnreadOption[] {
  return [
    ...learnerOptions(learner, policy),
    ...list(
      policy.head.kind === 'scored',
      ['policy.initialStd', 'policy.minimumLogStd'],
      'the scored head draws no Gaussian numbers; choose another head',
    ),
    ...penaltyOptions(posterior.training),
    ...scheduleOptions('posterior.training.learningRate', posterior.training.learningRate),
    ...list(
      !evaluation.strategies.some((name) => name.startsWith('lookahead')),
      ['evaluation.lookahead'],
      'no strategy plans; add lookahead or lookahead-scale-free to evaluation.strategies',
    ),
    ...list(
      !evaluation.strategies.includes('best-fixed'),
      ['evaluation.fixedSequence'],
      'no fixed sequence is searched; add best-fixed to evaluation.strategies',
    ),
    ...list(
      backend.name !== 'auto' && backend.name !== 'native',
      ['backend.threads'],
      `only the native backend has threads, and backend.name is ${backend.name}`,
    ),
    ...list(
      backend.name !== 'auto' && backend.name !== 'cuda',
      ['backend.precision'],
      `only the cuda backend has a choice of precision, and backend.name is ${backend.name}`,
    ),
  ];
}

function learnerOptions(learner: ExperimentConfig['learner'], policy: ExperimentConfig['policy']): UnreadOption[] {
  if (learner.kind === 'branched-gradient')
    return [
      ...list(
        learner.imitation.updates === 0,
        ['learner.imitation.targets', 'learner.imitation.learningRate'],
        'nothing is imitated; set learner.imitation.updates above 0',
      ),
      ...scheduleOptions('learner.learningRate', learner.learningRate),
    ];
  if (learner.kind === 'action-values') return scheduleOptions('learner.learningRate', learner.learningRate);
  return [
    ...list(
      !learner.temperature.automatic,
      ['learningRate', 'targetEntropyPerNumber', 'targetEntropyDecay', 'targetEntropyShare'].map(
        (name) => `learner.temperature.${name}`,
      ),
      'the temperature is fixed; set learner.temperature.automatic=true',
    ),
    ...list(
      learner.temperature.targetEntropyShare !== undefined,
      ['targetEntropyPerNumber', 'targetEntropyDecay'].map((name) => `learner.temperature.${name}`),
      'the target entropy is a share of the largest; leave learner.temperature.targetEntropyShare out',
    ),
    ...list(
      policy.head.kind !== 'bernoulli' && policy.head.kind !== 'subset',
      ['learner.choiceSamples'],
      `the expectation over a head of kind ${policy.head.kind} needs no draws; use a bernoulli or subset head`,
    ),
  ];
}

function penaltyOptions({
  acyclicity: { rate, startStep },
  steps,
}: ExperimentConfig['posterior']['training']): UnreadOption[] {
  const group = 'posterior.training.acyclicity';
  return [
    ...list(rate === 0, [`${group}.startStep`, `${group}.every`], `the penalty is off; set ${group}.rate above 0`),
    ...list(
      startStep >= steps,
      [`${group}.rate`, `${group}.every`],
      `the penalty starts at step ${startStep} of ${steps}; lower ${group}.startStep`,
    ),
  ];
}

function scheduleOptions(path: string, { kind }: { readonly kind: string }): UnreadOption[] {
  return list(kind !== 'cosine', [`${path}.finalFactor`], `the rate is ${kind}; set ${path}.kind=cosine`);
}

function list(isUnread: boolean, paths: readonly string[], reason: string): UnreadOption[] {
  return isUnread ? paths.map((path) => ({ path, reason })) : [];
}
