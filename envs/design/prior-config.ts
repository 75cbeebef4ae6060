import * as z from 'zod';
import { LinearScmConfig } from '../linear-scm/config.js';
import { SergioConfig } from '../sergio/config.js';

/** Systems of a user's own. Which file makes them is said on the command line only: no configuration names code to run. */
export const ModulePriorConfig = z
  .strictObject({
    kind: z.literal('module'),
    variables: z.int().min(1).describe('number of variables d of its systems'),
  })
  .describe('systems of your own, from the JavaScript module that --module names');
export type ModulePriorConfig = z.infer<typeof ModulePriorConfig>;

/** Every prior that a config can name; `createCausalModelPrior` makes it. */
export const CausalModelPriorConfig = z.discriminatedUnion('kind', [LinearScmConfig, SergioConfig, ModulePriorConfig]);
export type CausalModelPriorConfig = z.infer<typeof CausalModelPriorConfig>;
