import { CausalPilotError } from '../../../core/errors.js';
import type { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { erdosRenyiEdgeProbability } from '../../../envs/prior/graph-priors.js';
import type { ExactPosteriorName } from '../posterior-sources.js';
import { ExactGraphPosterior } from './exact-graph-posterior.js';
import { type ExactPriorConfig, MOST_VARIABLES, MOST_VARIABLES_UNBOUNDED } from './exact-prior.js';

/** Parents at most where all parent sets are too many. */
const BOUND_ON_PARENTS = 4;

/** What keeps the posterior of that name from being exact in an environment, or undefined where nothing does. */
export function whyNotExact(name: ExactPosteriorName, environment: DesignEnvConfig): string | undefined {
  const { prior, interventionKind, targetFlipProbability } = environment;
  if (prior.kind === 'module') return 'nothing says how the systems of a module of your own work';
  if (prior.kind !== 'linear-scm') return `systems of kind '${prior.kind}' are not linear`;
  if (prior.noise.kind !== 'gaussian') return `the noise is ${prior.noise.kind}, not Gaussian`;
  if (targetFlipProbability > 0) return 'targets may be flipped without being recorded';
  if (interventionKind !== 'do' && interventionKind !== 'shift')
    return `the effect of '${interventionKind}' on a linear mechanism is not known`;
  if (prior.graph.kind !== 'erdos-renyi') return `graphs are ${prior.graph.kind}, not edges of equal probability`;
  if (name === 'exact' && prior.coefficients.mean !== 0) return 'coefficients have a mean other than 0';
  return undefined;
}

/**
 * The posterior of that name for the systems of an environment: `exact` knows its prior, `scale-free` only how many edges to
 * expect.
 *
 * @throws CausalPilotError E_CONFIG where it would not be exact, unless `allowMisspecified`; E_INPUT for too many variables.
 */
export async function exactPosteriorFor(
  name: ExactPosteriorName,
  environment: DesignEnvConfig,
  { allowMisspecified = false } = {},
): Promise<ExactGraphPosterior> {
  const prior = priorFor(name, environment);
  const misspecification = whyNotExact(name, environment);
  if (misspecification !== undefined && !allowMisspecified)
    throw new CausalPilotError(
      'E_CONFIG',
      `posterior '${name}': ${misspecification}; use a learned posterior, or ask for '${name}-misspecified' knowingly`,
    );
  return ExactGraphPosterior.create(prior, { misspecification });
}

/** The exact posterior of an environment where there is one whose parent sets can all be listed, else undefined. */
export async function exactPosteriorWhereDefined(
  environment: DesignEnvConfig,
): Promise<ExactGraphPosterior | undefined> {
  const isDefined =
    environment.prior.variables <= MOST_VARIABLES_UNBOUNDED && whyNotExact('exact', environment) === undefined;
  return isDefined ? exactPosteriorFor('exact', environment) : undefined;
}

/** The posterior of that name for systems of any number of variables, of the environment's degree; for planners, which play every setting. */
export async function exactPosteriorBySize(
  name: ExactPosteriorName,
  environment: DesignEnvConfig,
): Promise<(size: number) => ExactGraphPosterior> {
  const own = await exactPosteriorFor(name, environment);
  return (size) => own.withPrior(priorFor(name, { ...environment, prior: { ...environment.prior, variables: size } }));
}

function priorFor(name: ExactPosteriorName, { prior }: DesignEnvConfig): ExactPriorConfig {
  if (prior.kind === 'module')
    throw new CausalPilotError(
      'E_CONFIG',
      `posterior '${name}': nothing says how the systems of a module of your own work; use a learned posterior`,
    );
  const { variables, graph } = prior;
  if (variables > MOST_VARIABLES)
    throw new CausalPilotError(
      'E_CONFIG',
      `posterior '${name}': ${variables} variables are more than the ${MOST_VARIABLES} that it can sum over; use a learned posterior`,
    );
  const common = {
    // A probability strictly between 0 and 1, also for graphs that are always empty.
    edgeProbability: Math.max(erdosRenyiEdgeProbability(variables, graph.degree), 1e-9),
    intercept: 'zero' as const,
    maximumParents: variables > MOST_VARIABLES_UNBOUNDED ? BOUND_ON_PARENTS : undefined,
  };
  if (name === 'scale-free') return { kind: 'scale-free', ...common, g: 20 };
  const { varianceShape, varianceScale } =
    prior.kind === 'linear-scm' ? prior.noise : { varianceShape: 10, varianceScale: 1 };
  return { kind: 'environment', ...common, varianceShape, varianceScale };
}
