import { type OodShift, oodShift } from './linear-ood-suite.js';

/** Numbers of genes of the dimensionality shift, unless others are asked for. */
const SERGIO_OOD_VARIABLES: readonly number[] = [15, 20, 30];

/** The noisy-intervention shift flips each requested target flag with this probability, as in the CAASL paper. */
const FLIP_PROBABILITY = 0.1;

/** The out-of-distribution suite of the CAASL paper for gene networks; each shift stands alone. */
export function sergioOodSuite(variables: readonly number[] = SERGIO_OOD_VARIABLES): readonly OodShift[] {
  return [
    oodShift('scale-free', 'scale-free regulatory graphs', {
      prior: { kind: 'sergio', graph: { kind: 'scale-free' } },
    }),
    oodShift('drop-seq', 'technical noise of Drop-seq', { prior: { kind: 'sergio', platform: 'drop-seq' } }),
    oodShift('knockdown', 'designs carried out as knockdowns', {
      prior: { kind: 'sergio' },
      interventionKind: 'knockdown',
    }),
    oodShift('noisy-knockouts', 'target flags that are carried out wrongly with probability 0.1', {
      prior: { kind: 'sergio' },
      targetFlipProbability: FLIP_PROBABILITY,
    }),
    ...variables.map((count) =>
      oodShift(`variables-${count}`, `${count} genes`, { prior: { kind: 'sergio', variables: count } }),
    ),
  ];
}
