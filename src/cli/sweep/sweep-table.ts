import { join } from 'node:path';
import { DIFFERENCES_FILE, RESULTS_FILE, readFigures } from '../../evaluation/report/files.js';
import { estimateOverSeeds, type SeedEstimate } from '../../evaluation/report/seed-interval.js';
import type { TextTable } from '../../evaluation/report/table.js';
import { strategyLabel } from '../../evaluation/strategies/registry.js';
import { flowText } from './search-space.js';
import { finishedOutcome, type SweepJob } from './sweep-run.js';

const METRIC = 'return';
const POLICIES = ['policy', 'policy-deterministic'] as const;

/** What one configuration reached with one way of deciding, over its training seeds. */
export interface SweepRow {
  readonly trial: number;
  readonly values: Readonly<Record<string, unknown>>;
  readonly strategy: string;
  readonly return: SeedEstimate;
  /** Mean paired difference to the simple strategy that did best, and which one that was in most runs. */
  readonly overBestSimple: SeedEstimate;
  readonly bestSimple: string;
  /** Mean minutes of training the policy. */
  readonly trainingMinutes: number;
  readonly failed: number;
}

/** One row per configuration and way of deciding with at least one finished seed; the best mean return first. */
export function sweepRows(jobs: readonly SweepJob[]): SweepRow[] {
  const byTrial = new Map<number, SweepJob[]>();
  for (const job of jobs) byTrial.set(job.trial.index, [...(byTrial.get(job.trial.index) ?? []), job]);
  const rows = [...byTrial.values()].flatMap((own) => trialRows(own));
  return rows.sort((a, b) => b.return.mean - a.return.mean);
}

function trialRows(jobs: readonly SweepJob[]): SweepRow[] {
  const [first] = jobs;
  if (first === undefined) return [];
  const outcomes = jobs.map((job) => ({ job, outcome: finishedOutcome(job) }));
  const finished = outcomes.filter(({ outcome }) => outcome?.status === 'finished');
  if (finished.length === 0) return [];
  const minutes = finished.map(({ outcome }) => (outcome?.seconds.policy ?? 0) / 60);
  const failed = outcomes.filter(({ outcome }) => outcome?.status === 'failed').length;
  return POLICIES.map((strategy) => {
    const figures = finished.map(({ job }) => finalFigures(join(job.folder, 'evaluation'), strategy));
    return {
      trial: first.trial.index + 1,
      values: first.trial.values,
      strategy,
      return: estimateOverSeeds(figures.map((figure) => figure.return)),
      overBestSimple: estimateOverSeeds(figures.map((figure) => figure.overBestSimple)),
      bestSimple: mostFrequent(figures.map((figure) => figure.bestSimple)),
      trainingMinutes: minutes.reduce((sum, value) => sum + value, 0) / minutes.length,
      failed,
    };
  });
}

/** Figures after the last experiment in the first environment of an evaluation. */
function finalFigures(
  folder: string,
  strategy: string,
): { return: number; overBestSimple: number; bestSimple: string } {
  const { results, differences } = readFigures(join(folder, RESULTS_FILE), join(folder, DIFFERENCES_FILE));
  const environment = results[0]?.environment;
  const last = results.reduce((most, { round }) => Math.max(most, round), 0);
  const isFinal = (row: (typeof results)[number]) =>
    row.environment === environment && row.strategy === strategy && row.metric === METRIC && row.round === last;
  // Differences are taken to the configured reference and to the best simple strategy, which leads by the least.
  const closest = differences
    .filter((row) => isFinal(row) && row.mean !== null)
    .reduce<(typeof differences)[number] | undefined>(
      (best, row) => (best === undefined || (row.mean ?? 0) < (best.mean ?? 0) ? row : best),
      undefined,
    );
  return {
    return: results.find(isFinal)?.mean ?? Number.NaN,
    overBestSimple: closest?.mean ?? Number.NaN,
    bestSimple: closest?.reference ?? '',
  };
}

function mostFrequent(names: readonly string[]): string {
  const count = (name: string) => names.filter((other) => other === name).length;
  return names.reduce((best, name) => (count(name) > count(best) ? name : best), names[0] ?? '');
}

/** The rows as a table of words. */
export function sweepTable(rows: readonly SweepRow[]): TextTable {
  const options = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const interval = ({ mean, ci95, seeds }: SeedEstimate, signed: boolean): string => {
    const format = (value: number) => (signed && value > 0 ? '+' : '') + value.toFixed(3);
    return ci95 === null ? `${format(mean)} (${seeds} seed)` : `${format(mean)} [${ci95.map(format).join(', ')}]`;
  };
  return {
    title: 'Sweep: return after the last experiment, mean over training seeds [95 % interval over seeds]',
    header: ['trial', ...options, 'decides', 'seeds', 'return', 'over best simple', 'best simple', 'minutes', 'failed'],
    rows: rows.map((row) => [
      String(row.trial),
      ...options.map((option) => (option in row.values ? flowText(row.values[option]) : '-')),
      strategyLabel(row.strategy),
      String(row.return.seeds),
      interval(row.return, false),
      interval(row.overBestSimple, true),
      strategyLabel(row.bestSimple),
      row.trainingMinutes.toFixed(1),
      String(row.failed),
    ]),
  };
}
