import type { DifferenceRow, EvaluationSummary, ResultRow } from '../../../../src/evaluation/scores/summary.js';

export function row(strategy: string, round: number, mean: number | null, change: Partial<ResultRow> = {}): ResultRow {
  const ci95 = mean === null ? ([null, null] as const) : ([mean - 0.5, mean + 0.5] as const);
  return {
    task: 'structure',
    environment: 'training',
    strategy,
    metric: 'return',
    round,
    mean,
    ci95,
    n: mean === null ? 0 : 20,
    ...change,
  };
}

export const results: ResultRow[] = [
  row('policy', 0, 17.9),
  row('policy', 1, 19.25),
  row('random', 0, 17.9),
  row('random', 1, 18.5),
  row('policy', 0, null, { metric: 'auprc' }),
  row('policy', 1, 0.5, { metric: 'auprc', n: 12 }),
  row('random', 0, null, { metric: 'auprc' }),
  row('random', 1, 0.4, { metric: 'auprc', n: 12 }),
];
export const differences: DifferenceRow[] = [
  { ...row('policy', 0, 0), reference: 'random' },
  { ...row('policy', 1, 0.75), reference: 'random' },
];
export const summary: EvaluationSummary = { results, differences };
