import * as z from 'zod';
import { LinearScmConfig } from '../linear-scm/config.js';
import { LinearScmPrior } from '../linear-scm/linear-scm-prior.js';
import type { CausalModelPrior } from '../prior/causal-model.js';
import { SergioConfig } from '../sergio/config.js';
import { GeneNetworkPrior } from '../sergio/gene-network-prior.js';

/** Every prior that a config can name; a new kind is one more member here and one more case below. */
export const CausalModelPriorConfig = z.discriminatedUnion('kind', [LinearScmConfig, SergioConfig]);
export type CausalModelPriorConfig = z.infer<typeof CausalModelPriorConfig>;

export function createCausalModelPrior(config: CausalModelPriorConfig): CausalModelPrior {
  switch (config.kind) {
    case 'linear-scm':
      return new LinearScmPrior(config);
    case 'sergio':
      return new GeneNetworkPrior(config);
  }
}
