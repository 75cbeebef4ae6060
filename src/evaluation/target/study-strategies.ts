import { CausalPilotError } from '../../../core/errors.js';
import { createStrategies, STRATEGY_NAMES, type StrategyResources } from '../strategies/registry.js';
import type { DesignStrategy } from '../strategy.js';
import { createShiftStrategy } from './shift-strategies.js';
import type { TargetStudyConfig } from './target-study-config.js';

/** The strategies of a study by name; the reference is always played. @throws CausalPilotError E_CONFIG for a repeated one. */
export function studyStrategies({
  strategies,
  reference,
}: Pick<TargetStudyConfig, 'strategies' | 'reference'>): string[] {
  const repeated = strategies.find((name, position) => strategies.indexOf(name) !== position);
  if (repeated !== undefined)
    throw new CausalPilotError('E_CONFIG', `strategies: '${repeated}' is listed twice; name it once`);
  return strategies.includes(reference) ? [...strategies] : [...strategies, reference];
}

/**
 * An acquisition criterion, the random shift, a trained policy or a simple strategy that serves the target task.
 *
 * @throws CausalPilotError E_CONFIG for an unknown name, or a policy that is missing.
 */
export function strategyByName(name: string, resources: StrategyResources): DesignStrategy {
  const [strategy] = STRATEGY_NAMES.includes(name) ? createStrategies([name], resources) : [createShiftStrategy(name)];
  if (strategy === undefined || !strategy.tasks.includes('target'))
    throw new CausalPilotError('E_CONFIG', `strategies: '${name}' does not serve the target task`);
  return strategy;
}
