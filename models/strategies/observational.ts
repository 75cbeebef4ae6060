import { observe } from '../../core/causal/intervention.js';
import type { DesignStrategy } from '../design-strategy.js';

/** Never intervenes: another observational row each round. What a passive study of the same size would learn. */
export const observational: DesignStrategy = {
  name: 'observational',
  tasks: ['structure', 'goal'],
  knowledge: [],
  propose: ({ histories }) => histories.map(({ size }) => observe(size)),
};
