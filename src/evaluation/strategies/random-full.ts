import type { DesignStrategy } from '../strategy.js';
import { experiment, extremeValues, randomTargets } from './draws.js';

/** Random targets at the largest allowed value with random signs: one of the two strong simple strategies. */
export const randomFull: DesignStrategy = {
  name: 'random-full',
  tasks: ['structure', 'target', 'perturbation'],
  knowledge: [],
  propose: ({ histories, streams, interventionKind, valueRange }) =>
    histories.map(({ size }, system) => {
      const stream = streams[system]!;
      return experiment(interventionKind, randomTargets(size, stream), extremeValues(size, valueRange, stream));
    }),
};
