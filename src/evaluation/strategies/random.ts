import type { DesignStrategy } from '../strategy.js';
import { experiment, randomTargets, uniformValues } from './draws.js';

/** Random targets with uniform values: the random baseline of CAASL (arXiv:2405.16718), a uniform action. */
export const random: DesignStrategy = {
  name: 'random',
  tasks: ['structure', 'target', 'perturbation'],
  knowledge: [],
  propose: ({ histories, streams, interventionKind, valueRange }) =>
    histories.map(({ size }, system) => {
      const stream = streams[system]!;
      return experiment(interventionKind, randomTargets(size, stream), uniformValues(size, valueRange, stream));
    }),
};
