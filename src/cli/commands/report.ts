import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { CausalPilotError } from '../../../core/errors.js';
import { printJson, printLine } from '../session/session.js';

interface ReportOptions {
  readonly differences?: string;
  readonly curves?: string[];
  readonly out?: string;
  readonly title: string;
  readonly json?: boolean;
}

export function registerReport(program: Command): void {
  program
    .command('report')
    .description('rebuild tables, curves and the HTML page from a results file, or compare how sweeps learned')
    .argument('[results]', 'results.json of an evaluation')
    .option('--differences <file>', 'differences.json of the same evaluation (default: beside the results, if there)')
    .option('--curves <folders...>', 'learning curves of these sweeps in one figure, instead of a report')
    .option('-o, --out <path>', 'folder of the report (default: beside the results); file of the figure, *.svg')
    .option('--title <text>', 'heading of the page', 'Evaluation')
    .option('--json', 'print the figures as JSON instead of tables')
    .addHelpText(
      'after',
      `
Example:
  causal-pilot report runs/linear-d10/evaluation/results.json --title "d = 10, T = 10"
  causal-pilot report --curves runs/quickstart-branched/sweep runs/quickstart-redq/sweep --out learners.svg`,
    )
    .action(report);
}

async function report(results: string | undefined, options: ReportOptions): Promise<void> {
  if ((results === undefined) === (options.curves === undefined))
    throw new CausalPilotError(
      'E_INPUT',
      'report: name the results.json of one evaluation, or the folders of sweeps with --curves, not both',
    );
  if (results !== undefined) await reportEvaluation(results, options);
  else await reportCurves(options.curves ?? [], options);
}

async function reportEvaluation(results: string, options: ReportOptions): Promise<void> {
  const { DIFFERENCES_FILE, readFigures, writeReport } = await import('../../evaluation/report/files.js');
  const beside = join(dirname(results), DIFFERENCES_FILE);
  const differences = options.differences ?? (existsSync(beside) ? beside : undefined);
  const summary = readFigures(results, differences);
  const files = await writeReport(options.out ?? dirname(results), summary, options.title);
  if (options.json) printJson({ files, ...summary });
  else {
    const { printEvaluation } = await import('../session/print-evaluation.js');
    printEvaluation(summary, []);
    printLine(`Report: ${files.join(', ')}`);
  }
}

/** The figures behind the picture go beside it, as JSON and CSV. */
async function reportCurves(folders: readonly string[], { out, json }: ReportOptions): Promise<void> {
  if (out === undefined || !/.\.svg$/.test(out))
    throw new CausalPilotError('E_INPUT', `report --curves: the figure needs a file; name it with --out FILE.svg`);
  const { readLearningPanels } = await import('../sweep/sweep-curves.js');
  const { writeLearningCurves } = await import('../../evaluation/report/files.js');
  const panels = readLearningPanels(folders);
  if (panels.length === 0)
    throw new CausalPilotError(
      'E_INPUT',
      `report --curves: no finished run in ${folders.join(', ')} has logged its held-out return and processor minutes; run the sweep to its end, or again where an earlier version ran it`,
    );
  const files = await writeLearningCurves(out.replace(/\.svg$/, ''), panels);
  if (json) printJson({ files, panels });
  else printLine(`Learning curves: ${files.join(', ')}`);
}
