import { CausalPilotError } from '../../../core/errors.js';
import { InterruptWatcher } from '../../../core/run/interrupt.js';
import { checkpointFolder } from '../session/model-folders.js';
import { defaultFolder, type ExperimentOptions, strategyOverrides } from '../session/options.js';
import { printJson, printLine } from '../session/session.js';

export interface EvaluateGoalOptions extends ExperimentOptions {
  readonly posterior?: string;
  readonly policy?: string;
  readonly strategies?: string[];
}

/** `evaluate --task goal`: a study of strategies that look for the intervention with a wanted effect. */
export async function evaluateGoal(options: EvaluateGoalOptions): Promise<void> {
  const { loadGoalStudy, goalPresets } = await import('../../evaluation/goal/goal-study-config.js');
  const { preset, config: file, set } = options;
  if ((preset === undefined) === (file === undefined))
    throw new CausalPilotError(
      'E_CONFIG',
      `give one study: --preset (${goalPresets.names().join(', ')}) or --config FILE; a file may say \`extends: <preset>\``,
    );
  const study = loadGoalStudy({
    preset,
    file,
    overrides: [...set, ...strategyOverrides(options.strategies, 'strategies')],
  });
  const folder = options.out ?? defaultFolder(options, 'evaluation');
  const remedy = 'name a run or checkpoint folder that exists';
  const policy = options.policy === undefined ? undefined : await checkpointFolder(options.policy, remedy);
  const posterior = options.posterior === undefined ? undefined : await checkpointFolder(options.posterior, remedy);
  if (policy !== undefined || posterior !== undefined) await startBackend(options);
  const interrupt = new InterruptWatcher({
    onRequest: (signal) => process.stderr.write(`\n${signal}: stopping after the runs under way; nothing is written\n`),
  });
  try {
    const { runGoalEvaluation } = await import('../../evaluation/goal/run-goal-evaluation.js');
    const { screenDataLines } = await import('../../evaluation/goal/screen-data-lines.js');
    const outcome = await runGoalEvaluation({
      study,
      folder,
      interrupt,
      quiet: options.quiet ?? false,
      onData: (data) => {
        const text = `${screenDataLines(data).join('\n')}\n`;
        if (options.json) process.stderr.write(text);
        else printLine(text);
      },
      policy,
      posterior,
    });
    if (outcome.status === 'interrupted') printLine('evaluation: stopped; nothing was written');
    else if (options.json) printJson({ folder, data: outcome.data, ...outcome.summary });
    else {
      for (const table of outcome.tables) printLine(`${table}\n`);
      printLine(`All figures and curves: ${outcome.files.join(', ')}`);
    }
  } finally {
    interrupt.dispose();
  }
}

const PRECISIONS = ['tf32', 'float32'] as const;
const BACKENDS = ['auto', 'native', 'cuda', 'tensorflow', 'wasm', 'cpu'] as const;

/** Networks of a policy or graph posterior need a tensor backend. */
async function startBackend({ backend = 'auto', threads, precision }: ExperimentOptions): Promise<void> {
  const choice = BACKENDS.find((name) => name === backend);
  if (choice === undefined)
    throw new CausalPilotError('E_CONFIG', `--backend: unknown backend '${backend}'; choose ${BACKENDS.join(', ')}`);
  const exactness = PRECISIONS.find((name) => name === precision);
  if (precision !== undefined && exactness === undefined)
    throw new CausalPilotError('E_CONFIG', `--precision: unknown '${precision}'; choose ${PRECISIONS.join(' or ')}`);
  const { useBackend } = await import('../../../core/backend/backend.js');
  await useBackend({
    backend: choice,
    threads,
    precision: exactness,
  });
}
