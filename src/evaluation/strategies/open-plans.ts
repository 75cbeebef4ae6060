import { KINDS_WITH_VALUES } from '../../../core/causal/intervention.js';
import { listSignedSets } from '../../../core/causal/target-sets.js';
import { CausalPilotError } from '../../../core/errors.js';
import { RandomStream } from '../../../core/random/stream.js';
import type { DesignEnvConfig } from '../../../envs/design/design-env-config.js';
import { createCausalModelPrior } from '../../../envs/design/prior-registry.js';
import { exactPosteriorBySize, exactPosteriorFor } from '../../../models/posterior/exact/environment-posterior.js';
import type { ExactGraphPosterior } from '../../../models/posterior/exact/exact-graph-posterior.js';
import { searchFixedSequence } from '../../../models/strategies/fixed-sequence.js';
import type { LookaheadOptions } from '../../../models/strategies/lookahead.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { BEST_FIXED, plansWith, type StrategyResources } from './registry.js';

/** What the strategies that plan are made from: the prior of the training environment, as a policy knows it. */
export async function openPlans(
  config: ExperimentConfig,
  strategies: readonly string[],
): Promise<Pick<StrategyResources, 'planners' | 'sequence'>> {
  const { environment, evaluation } = config;
  const planners = new Map<string, Omit<LookaheadOptions, 'name'>>();
  for (const name of strategies) {
    const posterior = plansWith(name);
    if (posterior === undefined || name === BEST_FIXED) continue;
    const posteriorOf = await exactPosteriorBySize(posterior, environment);
    planners.set(name, { ...evaluation.lookahead, posteriorOf, rowsPerExperiment: environment.rowsPerExperiment });
  }
  return strategies.includes(BEST_FIXED) ? { planners, sequence: await bestSequence(config) } : { planners };
}

/** Found on systems of its own, never on those of the evaluation. */
async function bestSequence({ environment, evaluation, seed }: ExperimentConfig): Promise<readonly Int8Array[]> {
  const { prior: priorConfig, ...settings } = environment;
  const prior = createCausalModelPrior(priorConfig);
  const { mostTargets, candidates, systems } = evaluation.fixedSequence;
  const signs = KINDS_WITH_VALUES.has(settings.interventionKind);
  return searchFixedSequence({
    prior,
    settings: { ...settings, reward: 'posteriorExpectedCorrectEntries' },
    posterior: await searchPosterior(environment),
    sets: listSignedSets(prior.size, { least: 1, most: mostTargets }, { signs }),
    candidates,
    systems,
    stream: new RandomStream(`fixed-sequence/${seed}`),
  });
}

async function searchPosterior(environment: DesignEnvConfig): Promise<ExactGraphPosterior> {
  try {
    return await exactPosteriorFor('exact', environment);
  } catch (error) {
    if (!(error instanceof CausalPilotError)) throw error;
    throw new CausalPilotError(
      error.code,
      `strategies: '${BEST_FIXED}' is searched with exact inference, which there is none of here (${error.message}); leave the strategy out`,
      { cause: error },
    );
  }
}
