import type { History } from '../../../core/causal/history.js';
import type { RandomStream } from '../../../core/random/stream.js';
import type { DesignStrategy } from '../strategy.js';
import { experiment, extremeValues, singleTarget } from './draws.js';

/**
 * One target per round at the largest allowed value with random sign, every variable once before any is used again:
 * the stronger of the two strong simple strategies. The order within a turn is random, so that the strategy gains
 * nothing from how a user happened to number the variables.
 */
export const roundRobinFull: DesignStrategy = {
  name: 'round-robin-full',
  tasks: ['structure', 'target', 'perturbation'],
  knowledge: [],
  propose: ({ histories, streams, interventionKind, valueRange }) =>
    histories.map((history, system) => {
      const stream = streams[system]!;
      const target = leastTargeted(history, stream);
      const values = extremeValues(history.size, valueRange, stream);
      return experiment(interventionKind, singleTarget(history.size, target), values);
    }),
};

/** A variable with the fewest rows in which it was a target; random among equals. */
function leastTargeted(history: History, stream: RandomStream): number {
  const { size, rows, targets } = history;
  const counts = new Uint32Array(size);
  for (let entry = 0; entry < rows * size; entry++) counts[entry % size]! += targets[entry]!;
  const fewest = Math.min(...counts);
  const candidates = Array.from(counts.keys()).filter((variable) => counts[variable] === fewest);
  return candidates[stream.integer(candidates.length)]!;
}
