import { differenceTables, finalRoundTables, renderTable } from '../../evaluation/report/table.js';
import type { EvaluationSummary } from '../../evaluation/scores/summary.js';
import { printLine } from './session.js';

/** The figures that fit a terminal side by side; the files hold all of them. */
const TERMINAL_METRICS = ['return', 'return/exact', 'return/scale-free', 'expectedShd', 'auprc', 'edgeF1'];

/** The tables of an evaluation and where its files are. */
export function printEvaluation({ results, differences }: EvaluationSummary, files: readonly string[]): void {
  const options = { metrics: TERMINAL_METRICS };
  for (const table of [...finalRoundTables(results, options), ...differenceTables(differences, options)])
    printLine(`${renderTable(table)}\n`);
  if (files.length > 0) printLine(`All figures and curves: ${files.join(', ')}`);
}
