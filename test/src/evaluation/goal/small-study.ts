import { SyntheticStudyConfig } from '../../../../src/evaluation/goal/goal-study-config.js';

/** Three strategies on small systems: what tests of the goal task play. */
export const SMALL_STUDY = SyntheticStudyConfig.parse({
  study: 'synthetic',
  instances: 3,
  runs: 2,
  budget: 6,
  workers: 0,
  strategies: ['civ', 'greedy', 'random-shift'],
  settings: [{ name: 'small', instance: { variables: 5, targets: 2 } }],
});
