// The worker thread's side of `runSyntheticStudy`: plays one strategy on one system of one setting.
import { createGoalStrategies } from '../strategies/registry.js';
import type { GoalSettingConfig, SyntheticStudyConfig } from './goal-study-config.js';
import { GoalTask } from './goal-task.js';

export interface GoalJob {
  readonly study: SyntheticStudyConfig;
  readonly setting: GoalSettingConfig;
  /** Name of a strategy that needs no policy. */
  readonly strategy: string;
  readonly system: number;
}

/** Figures [1, rounds + 1, metrics] of the job. */
export default function play({ study, setting, strategy, system }: GoalJob): Float64Array {
  const [created] = createGoalStrategies([strategy]);
  return new GoalTask({ study, setting }).prepare(system, 1).run(created!);
}
