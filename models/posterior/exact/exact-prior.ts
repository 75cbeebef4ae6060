import * as z from 'zod';
import { CausalPilotError } from '../../../core/errors.js';
import type { ExactPriorNumbers } from '../../../core/native/ops/exact-posterior.js';

/** Variables up to which all parent sets are summed over. */
export const MOST_VARIABLES_UNBOUNDED = 14;
/** Variables up to which a bound on parents makes the sum possible; the sum over orders needs 2^d numbers. */
export const MOST_VARIABLES = 25;

const common = {
  edgeProbability: z
    .number()
    .gt(0)
    .lt(1)
    .describe('of an edge between a variable and an earlier one in a random order'),
  intercept: z
    .enum(['zero', 'free'])
    .default('zero')
    .describe('zero as in simulated systems, or unknown with a flat prior, for data that are not centred'),
  maximumParents: z.int().min(0).optional().describe('bound on parents; all parent sets where left out'),
};

/** What is believed about linear Gaussian systems before the data. */
export const ExactPriorConfig = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('environment'),
      ...common,
      varianceShape: z
        .number()
        .gt(0)
        .default(10)
        .describe('shape of the inverse gamma distribution of a noise variance'),
      varianceScale: z.number().gt(0).default(1).describe('scale of that distribution'),
    })
    .describe('coefficients N(0, 1 / number of parents), as the simulator draws them: knows the scale of the noise'),
  z
    .strictObject({
      kind: z.literal('scale-free'),
      ...common,
      g: z.number().gt(0).default(20).describe("variance of the coefficients in Zellner's g-prior"),
    })
    .describe("Zellner's g-prior and p(variance) proportional to 1 / variance: blind to units and scale"),
]);
export type ExactPriorConfig = z.infer<typeof ExactPriorConfig>;

/**
 * The numbers that kernels read, for systems of `size` variables.
 *
 * @throws CausalPilotError E_INPUT for more variables than can be summed over.
 */
export function exactPriorNumbers(prior: ExactPriorConfig, size: number): ExactPriorNumbers {
  const { edgeProbability, maximumParents = size - 1 } = prior;
  if (size > MOST_VARIABLES)
    throw new CausalPilotError(
      'E_INPUT',
      `exact posterior: ${size} variables are more than ${MOST_VARIABLES}, beyond which the sum over causal orders does not fit into memory; use a learned posterior`,
    );
  if (size > MOST_VARIABLES_UNBOUNDED && maximumParents >= size - 1)
    throw new CausalPilotError(
      'E_INPUT',
      `exact posterior: all parent sets of ${size} variables are too many (up to ${MOST_VARIABLES_UNBOUNDED} variables they can be summed over); give a bound, such as maximumParents 4`,
    );
  const odds = edgeProbability / (1 - edgeProbability);
  const most = Math.min(maximumParents, size - 1);
  return prior.kind === 'environment'
    ? Float64Array.of(0, odds, prior.varianceShape, prior.varianceScale, 0, most)
    : Float64Array.of(1, odds, 1, 1, prior.g, most);
}

/** log of what every graph's prior has in common: absent edges of each order, and the number of orders. */
export function logOrderConstant({ edgeProbability }: ExactPriorConfig, size: number): number {
  let logOrders = 0;
  for (let k = 2; k <= size; k++) logOrders += Math.log(k);
  return ((size * (size - 1)) / 2) * Math.log1p(-edgeProbability) - logOrders;
}
