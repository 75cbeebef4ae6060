import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { printJson, printLine } from '../session.js';

interface ReportOptions {
  readonly differences?: string;
  readonly out?: string;
  readonly title: string;
  readonly json?: boolean;
}

export function registerReport(program: Command): void {
  program
    .command('report')
    .description('rebuild tables, curves and the HTML page from a results file')
    .argument('<results>', 'results.json of an evaluation')
    .option('--differences <file>', 'differences.json of the same evaluation (default: beside the results, if there)')
    .option('-o, --out <folder>', 'where the report goes (default: beside the results)')
    .option('--title <text>', 'heading of the page', 'Evaluation')
    .option('--json', 'print the figures as JSON instead of tables')
    .addHelpText(
      'after',
      `
Example:
  causal-pilot report runs/linear-d10/evaluation/results.json --title "d = 10, T = 10"`,
    )
    .action(report);
}

async function report(results: string, options: ReportOptions): Promise<void> {
  const { DIFFERENCES_FILE, readFigures, writeReport } = await import('../../evaluation/report/files.js');
  const beside = join(dirname(results), DIFFERENCES_FILE);
  const differences = options.differences ?? (existsSync(beside) ? beside : undefined);
  const summary = readFigures(results, differences);
  const files = await writeReport(options.out ?? dirname(results), summary, options.title);
  if (options.json) printJson({ files, ...summary });
  else {
    const { printEvaluation } = await import('../print-evaluation.js');
    printEvaluation(summary, []);
    printLine(`Report: ${files.join(', ')}`);
  }
}
