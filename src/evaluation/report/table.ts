import { describeMetric, formatEstimate } from '../scores/metric-descriptions.js';
import { FEW_SYSTEMS } from '../scores/statistics.js';
import type { DifferenceRow, ResultRow } from '../scores/summary.js';
import { strategyLabel } from '../strategies/registry.js';

/** A table of words: the first row is the header, all rows have as many cells. */
export interface TextTable {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface TableOptions {
  /** Columns to show, where they exist. @defaultValue all */
  readonly metrics?: readonly string[];
}

/** One table per task and environment: strategies by metrics after the last experiment. */
export function finalRoundTables(results: readonly ResultRow[], options: TableOptions = {}): TextTable[] {
  return groups(results).map((group) => ({
    title: `${group.task} task, ${group.environment} environment: after ${count(group.rounds, 'experiment')} on ${count(systemCount(group.rows), 'system')}; ${intervalWords(group)}`,
    ...tableBody(group, options, false),
  }));
}

/** One table per task, environment and reference: paired differences after the last experiment. */
export function differenceTables(differences: readonly DifferenceRow[], options: TableOptions = {}): TextTable[] {
  const references = [...new Set(differences.map(({ reference }) => reference))];
  return references.flatMap((reference) =>
    groups(differences.filter((row) => row.reference === reference)).map((group) => ({
      title: `${group.task} task, ${group.environment} environment: paired difference to '${strategyLabel(reference)}' after ${count(group.rounds, 'experiment')}; ${intervalWords(group)}`,
      ...tableBody(group, options, true),
    })),
  );
}

/** What stands in a cell; of few systems the interval is wide and rests on normal figures. */
function intervalWords({ rows }: ResultGroup<ResultRow>): string {
  const systems = systemCount(rows);
  if (systems < 2) return 'one system has no interval';
  return systems < FEW_SYSTEMS ? "mean [95 % interval, Student's: few systems]" : 'mean [95 % interval]';
}

function tableBody(
  group: ResultGroup<ResultRow>,
  options: TableOptions,
  signed: boolean,
): Pick<TextTable, 'header' | 'rows'> {
  const metrics = group.metrics.filter((metric) => options.metrics?.includes(metric) ?? true);
  const systems = systemCount(group.rows);
  const cell = (strategy: string, metric: string): string => {
    const row = group.rows.find((r) => r.strategy === strategy && r.metric === metric && r.round === group.rounds);
    if (row === undefined) return '-';
    const estimate = formatEstimate(row, describeMetric(metric).decimals, signed);
    return row.n === systems ? estimate : `${estimate} n=${row.n}`;
  };
  return {
    header: ['strategy', ...metrics.map((metric) => describeMetric(metric).short)],
    rows: group.strategies.map((strategy) => [strategyLabel(strategy), ...metrics.map((m) => cell(strategy, m))]),
  };
}

/** The table with aligned columns for a terminal. */
export function renderTable({ title, header, rows }: TextTable): string {
  const widths = header.map((cell, column) => Math.max(cell.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [title, '', line(header), rule, ...rows.map(line)].join('\n');
}

export interface ResultGroup<Row extends ResultRow> {
  readonly task: string;
  readonly environment: string;
  readonly rows: readonly Row[];
  /** Number of experiments, T. */
  readonly rounds: number;
  readonly metrics: readonly string[];
  readonly strategies: readonly string[];
}

/** Rows by task and environment, everything in order of appearance. */
export function groups<Row extends ResultRow>(all: readonly Row[]): ResultGroup<Row>[] {
  const byGroup = new Map<string, Row[]>();
  for (const row of all) {
    const key = JSON.stringify([row.task, row.environment]);
    const group = byGroup.get(key);
    if (group === undefined) byGroup.set(key, [row]);
    else group.push(row);
  }
  return [...byGroup.values()].map((rows) => ({
    task: rows[0]?.task ?? '',
    environment: rows[0]?.environment ?? '',
    rows,
    rounds: rows.reduce((most, { round }) => Math.max(most, round), 0),
    metrics: [...new Set(rows.map(({ metric }) => metric))],
    strategies: [...new Set(rows.map(({ strategy }) => strategy))],
  }));
}

function systemCount(rows: readonly ResultRow[]): number {
  return rows.reduce((most, { n }) => Math.max(most, n), 0);
}

/** "1 experiment", "5 experiments". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
