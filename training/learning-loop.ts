import { join } from 'node:path';
import { hasCheckpoint } from '../core/checkpoint/manifest.js';
import { CausalPilotError } from '../core/errors.js';
import type { InterruptWatcher } from '../core/run/interrupt.js';

/** What a training run needs from its surroundings. */
export interface TrainingIo {
  /** Run folder; made if missing. */
  readonly folder: string;
  /** Continue the run in `folder` instead of refusing to touch it. */
  readonly resume: boolean;
  readonly quiet?: boolean;
  readonly interrupt: InterruptWatcher;
  /** The command as the user typed it, for the run's record. */
  readonly command?: string;
}

export interface TrainingResult {
  readonly status: 'finished' | 'interrupted';
  /** Steps (posterior) or iterations (policy) done. */
  readonly step: number;
  /** The last held-out metrics. */
  readonly metrics: Record<string, number>;
  readonly bestCheckpoint: string;
  readonly lastCheckpoint: string;
}
