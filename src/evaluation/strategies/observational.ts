import { observe } from '../../../core/causal/intervention.js';
import type { DesignStrategy } from '../strategy.js';

/** Never intervenes: another observational row each round. What a passive study of the same size would learn. */
export const observational: DesignStrategy = {
  name: 'observational',
  tasks: ['structure', 'target', 'perturbation'],
  knowledge: [],
  propose: ({ histories }) => histories.map(({ size }) => observe(size)),
};
