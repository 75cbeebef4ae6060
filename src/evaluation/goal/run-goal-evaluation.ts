import { join } from 'node:path';
import { writeFileAtomic } from '../../../core/checkpoint/files.js';
import { programVersion } from '../../../core/program-version.js';
import type { InterruptWatcher } from '../../../core/run/interrupt.js';
import { createProgress } from '../../../core/run/progress.js';
import { loadGraphPosterior, loadPolicy } from '../../../models/checkpoints.js';
import { writeFigures, writeReport } from '../report/files.js';
import { renderTable } from '../report/table.js';
import type { EvaluationSummary } from '../scores/summary.js';
import { needsPolicy, strategyNames } from '../strategies/registry.js';
import type { GoalStudyConfig } from './goal-study-config.js';
import type { ScreenRecord } from './read-screen.js';
import { roundTables } from './round-tables.js';
import { runScreenStudy } from './run-screen-study.js';
import { runSyntheticStudy } from './run-synthetic-study.js';
import { screenDataLines } from './screen-data-lines.js';

export interface GoalEvaluationRun {
  readonly study: GoalStudyConfig;
  /** Folder for results and report. */
  readonly folder: string;
  readonly interrupt: InterruptWatcher;
  /** Checkpoint folder of a policy; it joins the strategies of the study in both modes unless these name it. */
  readonly policy?: string;
  /** Checkpoint folder of a graph posterior: the graph is then learned, not known. Synthetic studies only. */
  readonly posterior?: string;
  readonly quiet?: boolean;
  /** Called before the first result of a study on measured cells, with what was read. */
  readonly onData?: (data: ScreenRecord) => void;
}

export type GoalEvaluationOutcome =
  | { readonly status: 'interrupted' }
  | {
      readonly status: 'finished';
      readonly summary: EvaluationSummary;
      /** Of a study on measured cells: what was read, and what was left out. */
      readonly data?: ScreenRecord;
      /** For a terminal: what each strategy has reached after some experiments. */
      readonly tables: readonly string[];
      readonly files: readonly string[];
    };

/** Figures with a printed table of their own. */
const TABLE_METRICS: Readonly<Record<GoalStudyConfig['study'], readonly string[]>> = {
  synthetic: ['relativeDistance'],
  screen: ['meanDistance', 'predictionError'],
};

/** Figures that go into the report; the JSON and CSV files hold all of them. */
const SHOWN_METRICS: Readonly<Record<GoalStudyConfig['study'], readonly string[]>> = {
  synthetic: ['relativeDistance', 'squaredDistance', 'proposalDistance'],
  screen: ['meanDistance', 'predictionError', 'found'],
};

/** Runs a study of the goal task and leaves figures, report and the resolved study in a folder. */
export async function runGoalEvaluation(run: GoalEvaluationRun): Promise<GoalEvaluationOutcome> {
  const policy = run.policy === undefined ? undefined : await loadPolicy(run.policy);
  const graphPosterior = run.posterior === undefined ? undefined : await loadGraphPosterior(run.posterior);
  const study = policy === undefined ? run.study : withPolicy(run.study);
  const progress = startProgress(run.quiet ?? false);
  try {
    const common = {
      interrupted: () => run.interrupt.requested,
      onProgress: progress.update,
      policy,
    };
    if (study.study === 'screen') {
      const outcome = await runScreenStudy({ ...common, study, onData: run.onData });
      progress.finish();
      if (outcome === undefined) return { status: 'interrupted' };
      return await finish(run.folder, study, outcome.summary, outcome.data);
    }
    const summary = await runSyntheticStudy({ ...common, study, graphPosterior });
    progress.finish();
    return summary === undefined ? { status: 'interrupted' } : await finish(run.folder, study, summary);
  } finally {
    progress.finish();
    policy?.dispose();
    graphPosterior?.dispose();
  }
}

function withPolicy(study: GoalStudyConfig): GoalStudyConfig {
  if (study.strategies.some(needsPolicy)) return study;
  return { ...study, strategies: [...strategyNames('goal').filter(needsPolicy), ...study.strategies] };
}

/** A progress line that begins with the first report, when the amount of work is known. */
function startProgress(quiet: boolean): { update(done: number, total: number): void; finish(): void } {
  let progress: ReturnType<typeof createProgress> | undefined;
  return {
    update: (done, total) => {
      progress ??= createProgress({ label: 'evaluation', total, quiet });
      progress.update(done);
    },
    finish: () => {
      progress?.finish();
      progress = undefined;
    },
  };
}

async function finish(
  folder: string,
  study: GoalStudyConfig,
  summary: EvaluationSummary,
  data?: ScreenRecord,
): Promise<GoalEvaluationOutcome> {
  const shown = SHOWN_METRICS[study.study];
  const inReport: EvaluationSummary = {
    results: summary.results.filter(({ metric }) => shown.includes(metric)),
    differences: summary.differences.filter(({ metric }) => shown.includes(metric)),
  };
  const record = join(folder, 'study.json');
  writeFileAtomic(record, `${JSON.stringify({ version: programVersion(), study }, null, 2)}\n`);
  const tables = TABLE_METRICS[study.study].flatMap((metric) =>
    roundTables(summary.results, metric, study.tableRounds).map(renderTable),
  );
  const tableFile = join(folder, 'tables.txt');
  const heading = data === undefined ? [] : [screenDataLines(data).join('\n')];
  writeFileAtomic(tableFile, `${[...heading, ...tables].join('\n\n')}\n`);
  const dataFile = data === undefined ? [] : [join(folder, 'data.json')];
  for (const path of dataFile) writeFileAtomic(path, `${JSON.stringify(data, null, 2)}\n`);
  const report = await writeReport(folder, inReport, 'Reaching a goal mean');
  return {
    status: 'finished',
    summary,
    data,
    tables,
    files: [...writeFigures(folder, summary), tableFile, ...report, record, ...dataFile],
  };
}
