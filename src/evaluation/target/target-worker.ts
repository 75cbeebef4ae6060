// The worker thread's side of `runSyntheticStudy`: plays one strategy on one system of one setting.
import { createShiftStrategy } from './shift-strategies.js';
import type { SyntheticStudyConfig, TargetSettingConfig } from './target-study-config.js';
import { TargetTask } from './target-task.js';

export interface TargetJob {
  readonly study: SyntheticStudyConfig;
  readonly setting: TargetSettingConfig;
  readonly strategy: string;
  readonly system: number;
}

/** Figures [1, rounds + 1, metrics] of the job. */
export default function play({ study, setting, strategy, system }: TargetJob): Float64Array {
  return new TargetTask({ study, setting }).prepare(system, 1).run(createShiftStrategy(strategy));
}
