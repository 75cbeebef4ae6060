import type { DesignStrategy } from '../strategy.js';
import { experiment, randomTargets } from './draws.js';

/** Random targets, all set (or shifted) to 0: interventions without strength. */
export const randomZero: DesignStrategy = {
  name: 'random-zero',
  tasks: ['structure', 'target', 'perturbation'],
  knowledge: [],
  propose: ({ histories, streams, interventionKind }) =>
    histories.map(({ size }, system) =>
      experiment(interventionKind, randomTargets(size, streams[system]!), new Float32Array(size)),
    ),
};
