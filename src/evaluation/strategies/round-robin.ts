import { leastTargeted } from '../../../core/causal/least-targeted.js';
import type { DesignStrategy } from '../strategy.js';
import { experiment, extremeValues, targetFlags } from './draws.js';

/**
 * Targets at the largest allowed value with random signs, every variable once before any is used again. The order within a
 * turn is random, so that a strategy gains nothing from how a user happened to number the variables.
 */
function roundRobin(name: string, targetsPerRound: number): DesignStrategy {
  return {
    name,
    tasks: ['structure', 'target', 'perturbation'],
    knowledge: [],
    propose: ({ histories, streams, interventionKind, valueRange }) =>
      histories.map((history, system) => {
        const stream = streams[system]!;
        const targets = targetFlags(history.size, leastTargeted(history, targetsPerRound, stream));
        const values = extremeValues(history.size, valueRange, stream);
        return experiment(interventionKind, targets, values);
      }),
  };
}

/** One target per round: the strongest simple strategy once there are as many rounds as variables. */
export const roundRobinFull = roundRobin('round-robin-full', 1);

/** Two targets per round: stronger while rounds are scarce, since every variable is moved twice as often. */
export const roundRobinPairsFull = roundRobin('round-robin-pairs-full', 2);
