import { join } from 'node:path';
import { writeFileAtomic } from '../../../core/checkpoint/files.js';
import { loadConfig } from '../../../core/config/load-config.js';
import { CausalPilotError } from '../../../core/errors.js';
import { programVersion } from '../../../core/program-version.js';
import { InterruptWatcher } from '../../../core/run/interrupt.js';
import { createProgress } from '../../../core/run/progress.js';
import { type ExperimentOptions, strategyOverrides } from '../session/options.js';
import { printJson, printLine } from '../session/session.js';

export interface EvaluatePerturbationOptions extends ExperimentOptions {
  readonly strategies?: string[];
}

/** `evaluate --task perturbation`: who foretells unseen doses and unseen perturbations from their features. */
export async function evaluatePerturbation(options: EvaluatePerturbationOptions): Promise<void> {
  const { PerturbationStudyConfig } = await import('../../evaluation/perturbation/study-config.js');
  if (options.preset !== undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      '--preset: the perturbation task has none; its defaults are the benchmark, change them by --set or --config FILE',
    );
  const study = loadConfig({
    schema: PerturbationStudyConfig,
    file: options.config,
    overrides: [...options.set, ...strategyOverrides(options.strategies, 'predictors')],
  });
  const folder = options.out ?? join('runs', 'perturbation', 'evaluation');
  const { runPerturbationStudy, studyTables } = await import('../../evaluation/perturbation/run-study.js');
  const { renderTable } = await import('../../evaluation/report/table.js');
  const interrupt = new InterruptWatcher({
    onRequest: (signal) => process.stderr.write(`\n${signal}: stopping; nothing is written\n`),
  });
  const total = study.systems * study.predictors.length;
  const progress = createProgress({ label: 'evaluation', total, quiet: options.quiet ?? false });
  try {
    const results = await runPerturbationStudy({
      study,
      interrupted: () => interrupt.requested,
      onProgress: (done) => progress.update(done),
    });
    progress.finish();
    if (results === undefined) return printLine('evaluation: stopped; nothing was written');
    const tables = studyTables(results, study).map(renderTable).join('\n\n');
    const record = JSON.stringify({ version: programVersion(), study, results }, null, 2);
    writeFileAtomic(join(folder, 'results.json'), `${record}\n`);
    writeFileAtomic(join(folder, 'tables.txt'), `${tables}\n`);
    if (options.json) printJson({ folder, study, results });
    else printLine(`${tables}\n\nAll figures: ${join(folder, 'results.json')}`);
  } finally {
    progress.finish();
    interrupt.dispose();
  }
}
