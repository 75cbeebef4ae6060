import type { DesignStrategy } from '../../../models/design-strategy.js';
import type { DesignPolicy } from '../../../models/policy/design-policy.js';
import type { Bootstrap } from '../scores/statistics.js';
import { finite, type ResultRow } from '../scores/summary.js';
import { type Play, playedTargets } from './recorder.js';

/** How much of the choice of targets in one round is decided by what was measured before, nats. */
export interface Adaptivity {
  readonly round: number;
  /** Entropy of the targets over systems: the plug-in estimate, too small by about (sets seen - 1) / (2 systems). */
  readonly marginalEntropy: number;
  /** Mean entropy of the policy's own distribution of the targets, given the history. */
  readonly conditionalEntropy: Pick<ResultRow, 'mean' | 'ci95' | 'n'>;
  /** Their difference, an estimate of the mutual information between history and targets. */
  readonly dependence: number | null;
}

/** The strategy itself; `record` learns the entropies of what it could have chosen before each of its choices. */
export function watchEntropy(
  strategy: DesignStrategy,
  policy: DesignPolicy,
  record: (step: number, entropies: Float32Array) => void,
): DesignStrategy {
  return {
    name: strategy.name,
    tasks: strategy.tasks,
    knowledge: strategy.knowledge,
    propose(context) {
      record(context.step, policy.targetEntropies(context.histories));
      return strategy.propose(context);
    },
  };
}

/**
 * Adaptivity by round from what a policy chose and how open each choice was.
 *
 * @param entropies - [T] of [systems], nats
 */
export function adaptivityByRound(
  plays: readonly Play[],
  entropies: readonly (readonly number[])[],
  bootstrap: Bootstrap,
): Adaptivity[] {
  return entropies.map((own, index) => {
    const marginalEntropy = pluginEntropy(plays.map((play) => playedTargets(play, index + 1).join(' ')));
    const conditionalEntropy = finite(bootstrap.estimate(own));
    const { mean } = conditionalEntropy;
    return {
      round: index + 1,
      marginalEntropy,
      conditionalEntropy,
      dependence: mean === null ? null : marginalEntropy - mean,
    };
  });
}

/** Entropy of the empirical distribution of labels, nats. */
export function pluginEntropy(labels: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts.values()].reduce(
    (sum, count) => sum - (count / labels.length) * Math.log(count / labels.length),
    0,
  );
}
