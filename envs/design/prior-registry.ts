import { LinearScmPrior } from '../linear-scm/linear-scm-prior.js';
import type { CausalModelPrior } from '../prior/causal-model.js';
import { GeneNetworkPrior } from '../sergio/gene-network-prior.js';
import { modulePrior } from './module-prior.js';
import type { CausalModelPriorConfig } from './prior-config.js';

/** The prior that a config names; a new kind is one more member of `CausalModelPriorConfig` and one more case here. */
export function createCausalModelPrior(config: CausalModelPriorConfig): CausalModelPrior {
  switch (config.kind) {
    case 'linear-scm':
      return new LinearScmPrior(config);
    case 'sergio':
      return new GeneNetworkPrior(config);
    case 'module':
      return modulePrior(config);
  }
}
