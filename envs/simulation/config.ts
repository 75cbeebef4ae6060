import * as z from 'zod';
import { CausalPilotError } from '../../core/errors.js';
import { DesignEnvConfig } from '../design/design-env-config.js';

/** Options of `environment` that a dataset has instead; checked when they are put in. */
const EnvironmentVariation = z.record(z.string(), z.json());

const weight = (value: number, description: string) => z.number().min(0).default(value).describe(description);

/**
 * Which experiments the simulated datasets hold. The exact posterior given a history does not depend on how its
 * experiments were chosen, so this mixture only has to cover what strategies collect, not to match any of them.
 */
export const PosteriorDataConfig = z.strictObject({
  sizes: z
    .array(z.int().min(1))
    .min(1)
    .optional()
    .describe(
      'numbers of variables, one drawn for every batch, all alike likely (name one twice to have it twice as often); environment.prior.variables where left out',
    ),
  variations: z
    .array(z.array(EnvironmentVariation).min(1))
    .default([])
    .describe(
      'what else may differ from `environment`: every dataset draws one entry of each list, all alike likely; {} is the environment as it is',
    ),
  minimumInitialRows: z
    .int()
    .min(0)
    .optional()
    .describe('fewest observational rows, drawn uniformly up to environment.initialRows; left out: always that many'),
  maximumExperiments: z
    .int()
    .min(0)
    .optional()
    .describe('most experiments in a dataset; environment.budget where left out'),
  observationalFraction: z.number().min(0).max(1).default(0.15).describe('share of datasets without any experiment'),
  collections: z
    .strictObject({
      multiTarget: weight(2, 'every variable is a target with a probability drawn for the dataset'),
      inTurn: weight(3, 'a number of targets out of `turnSizes`, all variables in turn, in random orders'),
      singleTarget: weight(0.5, 'one random target in each experiment'),
      repeatedTarget: weight(0.25, 'the same single target in every experiment'),
    })
    .prefault({})
    .describe('relative frequency of the ways to choose targets, one way per dataset'),
  turnSizes: z
    .array(z.int().min(1))
    .min(1)
    .default([1, 2, 3, 5])
    .describe('targets in each experiment of a dataset in turn, all alike likely; more than there are means all'),
  strengths: z
    .strictObject({
      uniform: weight(1, 'uniform over the value range'),
      full: weight(2, 'the largest allowed value with a random sign'),
      zero: weight(0.1, 'the value 0'),
    })
    .prefault({})
    .describe('relative frequency of the ways to choose values, one way per dataset'),
});
export type PosteriorDataConfig = z.infer<typeof PosteriorDataConfig>;

/** Everything that decides how one training dataset of the graph posterior is made. */
export const DatasetSpec = z.strictObject({
  environment: DesignEnvConfig.prefault({}).describe('systems, initial rows, budget and kind of experiment'),
  data: PosteriorDataConfig.prefault({}).describe('which experiments the datasets hold'),
});
export type DatasetSpec = z.infer<typeof DatasetSpec>;

/** @throws CausalPilotError E_CONFIG if fields that are fine by themselves contradict each other. */
export function checkDatasetSpec({ environment, data }: DatasetSpec): void {
  if ((data.minimumInitialRows ?? 0) > environment.initialRows)
    throw new CausalPilotError(
      'E_CONFIG',
      `data.minimumInitialRows is ${data.minimumInitialRows}, more than environment.initialRows ${environment.initialRows}; lower it`,
    );
  for (const mixture of ['collections', 'strengths'] as const)
    if (Object.values(data[mixture]).every((share) => share === 0))
      throw new CausalPilotError('E_CONFIG', `data.${mixture}: all weights are 0; give at least one a positive weight`);
}
