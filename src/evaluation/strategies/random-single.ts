import type { DesignStrategy } from '../strategy.js';
import { experiment, targetFlags, uniformValues } from './draws.js';

/** One random target with a uniform value. */
export const randomSingle: DesignStrategy = {
  name: 'random-single',
  tasks: ['structure', 'target', 'perturbation'],
  knowledge: [],
  propose: ({ histories, streams, interventionKind, valueRange }) =>
    histories.map(({ size }, system) => {
      const stream = streams[system]!;
      const targets = targetFlags(size, [stream.integer(size)]);
      return experiment(interventionKind, targets, uniformValues(size, valueRange, stream));
    }),
};
