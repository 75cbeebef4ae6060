import * as z from 'zod';
import { LinearScmConfig } from '../linear-scm/config.js';
import { SergioConfig } from '../sergio/config.js';

/** Every prior that a config can name; `createCausalModelPrior` makes it. */
export const CausalModelPriorConfig = z.discriminatedUnion('kind', [LinearScmConfig, SergioConfig]);
export type CausalModelPriorConfig = z.infer<typeof CausalModelPriorConfig>;
