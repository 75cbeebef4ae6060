import { InterruptWatcher } from '../../../core/run/interrupt.js';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import type { TrainingIo } from '../../../training/loop/learner.js';
import type { ExperimentOptions } from './options.js';

/** What a running command needs from its surroundings. */
export interface Session {
  readonly interrupt: InterruptWatcher;
  /** Name of the tensor backend in use. */
  readonly backend: string;
}

/**
 * Starts the tensor backend and watches for Ctrl-C and SIGTERM while `work` runs: the first one asks the work to save
 * and stop, the second ends the process at once with status 130.
 */
export async function withSession<Result>(
  config: ExperimentConfig,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const { useBackend } = await import('../../../core/backend/backend.js');
  const { hostKernelCounts } = await import('../../../core/cuda/register.js');
  const { name, threads, precision } = config.backend;
  const interrupt = new InterruptWatcher({
    onRequest: (signal) =>
      process.stderr.write(`\n${signal}: saving and stopping; once more stops at once without saving\n`),
  });
  try {
    const backend = await useBackend({
      backend: name,
      threads,
      precision,
    });
    const result = await work({ interrupt, backend });
    if (backend === 'cuda') reportHostKernels(hostKernelCounts());
    return result;
  } finally {
    interrupt.dispose();
  }
}

/** Kernels that the device does not have slow a run down: they are named, so that one can ask for them. */
function reportHostKernels(counts: ReadonlyMap<string, number>): void {
  if (counts.size === 0) return;
  const list = [...counts].map(([name, times]) => `${name} ${times} times`).join(', ');
  process.stderr.write(`Kernels that ran on the host instead of the CUDA device: ${list}\n`);
}

/** What a training run in `folder` gets from its command. */
export function trainingIo(
  folder: string,
  { resume = false, quiet = false }: Pick<ExperimentOptions, 'resume' | 'quiet'>,
  { interrupt, backend }: Session,
): TrainingIo {
  return { folder, resume, quiet, interrupt, backend, command: typedCommand() };
}

/** The command as the user typed it, for run records. */
function typedCommand(): string {
  return ['causal-pilot', ...process.argv.slice(2)].join(' ');
}

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  printLine(JSON.stringify(value, null, 2));
}
