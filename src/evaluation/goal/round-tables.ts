import { groups, type TextTable } from '../report/table.js';
import { describeMetric, formatEstimate } from '../scores/metric-descriptions.js';
import type { ResultRow } from '../scores/summary.js';
import { strategyLabel } from '../strategies/registry.js';

/** One table per setting: a metric of every strategy after each of `rounds` experiments, and after the last one. */
export function roundTables(results: readonly ResultRow[], metric: string, rounds: readonly number[]): TextTable[] {
  const { label, decimals } = describeMetric(metric);
  return groups(results).map((group) => {
    const shown = [...new Set([...rounds.filter((round) => round < group.rounds), group.rounds])];
    const problems = Math.max(...group.rows.map(({ n }) => n));
    return {
      title: `${group.environment}: ${label.toLowerCase()}; mean [95 % interval] over ${problems} problem${problems === 1 ? '' : 's'}`,
      header: ['strategy', ...shown.map((round) => `t = ${round}`)],
      rows: group.strategies.map((strategy) => [
        strategyLabel(strategy),
        ...shown.map((round) => {
          const row = group.rows.find((r) => r.strategy === strategy && r.metric === metric && r.round === round);
          return row === undefined ? '-' : formatEstimate(row, decimals);
        }),
      ]),
    };
  });
}
