import { exactPosteriorBySize } from '../../../models/posterior/exact/environment-posterior.js';
import type { LookaheadOptions } from '../../../models/strategies/lookahead.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { plansWith, type StrategyResources } from './registry.js';

/** What the planners among the strategies plan with: the prior of the training environment, as a policy knows it. */
export async function openPlanners(
  { environment, evaluation }: ExperimentConfig,
  strategies: readonly string[],
): Promise<NonNullable<StrategyResources['planners']>> {
  const planners = new Map<string, Omit<LookaheadOptions, 'name'>>();
  for (const name of strategies) {
    const posterior = plansWith(name);
    if (posterior === undefined) continue;
    const posteriorOf = await exactPosteriorBySize(posterior, environment);
    planners.set(name, { ...evaluation.lookahead, posteriorOf, rowsPerExperiment: environment.rowsPerExperiment });
  }
  return planners;
}
