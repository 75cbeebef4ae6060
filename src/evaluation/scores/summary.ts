import { RandomStream } from '../../../core/random/stream.js';
import type { TaskKind } from '../../../models/design-strategy.js';
import { SIMPLE_STRATEGY_NAMES } from '../strategies/registry.js';
import { describeMetric } from './metric-descriptions.js';
import type { StrategyScores } from './scores.js';
import { Bootstrap, type Estimate, pairedDifferences } from './statistics.js';

/** One figure of the results: a strategy's mean in one environment after `round` experiments. */
export interface ResultRow {
  readonly task: TaskKind;
  readonly environment: string;
  readonly strategy: string;
  readonly metric: string;
  readonly round: number;
  /** Mean over the systems; null where the metric is defined for none. */
  readonly mean: number | null;
  readonly ci95: readonly [number | null, number | null];
  /** Systems where the metric is defined (ranking metrics need at least one edge and one non-edge). */
  readonly n: number;
}

/** Mean over systems of strategy minus reference, on the same systems. */
export interface DifferenceRow extends ResultRow {
  readonly reference: string;
}

export interface EvaluationSummary {
  readonly results: readonly ResultRow[];
  readonly differences: readonly DifferenceRow[];
}

export interface SummaryOptions {
  /** Bootstrap resamples. @defaultValue 1000 */
  readonly bootstrapSamples?: number;
  /** Evaluation seed, which names the resamples. */
  readonly seed: number;
  /** Strategy that all others are compared to, where it was evaluated. */
  readonly reference: string;
}

/**
 * Means and paired differences with 95 % bootstrap intervals, for every metric and round. Differences are taken to the
 * reference and, in each environment, to the simple strategy that did best there.
 */
export function summarize(scores: readonly StrategyScores[], options: SummaryOptions): EvaluationSummary {
  const { bootstrapSamples = 1000, seed, reference } = options;
  const bootstraps = new Map<number, Bootstrap>();
  const bootstrapFor = (systems: number): Bootstrap => {
    const known = bootstraps.get(systems);
    if (known !== undefined) return known;
    const stream = new RandomStream(`evaluation/${seed}/bootstrap`);
    const made = new Bootstrap(systems, bootstrapSamples, stream);
    bootstraps.set(systems, made);
    return made;
  };
  const results = scores.flatMap((table) => resultRows(table, bootstrapFor(table.completed)));
  const differences = scores.flatMap((table) => {
    const references = new Set([reference, bestSimpleStrategy(results, table.key)]);
    return scores
      .filter((other) => references.has(other.key.strategy) && isComparable(table, other))
      .flatMap((other) => differenceRows(table, other, bootstrapFor(table.completed)));
  });
  return { results, differences };
}

/**
 * The strategy without training that did best in a task's first metric after the last experiment; undefined if none was
 * evaluated.
 */
export function bestSimpleStrategy(
  results: readonly ResultRow[],
  { task, environment }: Pick<ResultRow, 'task' | 'environment'>,
): string | undefined {
  const here = results.filter((row) => row.task === task && row.environment === environment);
  const metric = here[0]?.metric ?? '';
  const last = here.reduce((most, { round }) => Math.max(most, round), 0);
  const sign = describeMetric(metric).better === 'higher' ? 1 : -1;
  const candidates = here.filter(
    (row) =>
      row.metric === metric && row.round === last && row.mean !== null && SIMPLE_STRATEGY_NAMES.includes(row.strategy),
  );
  const value = ({ mean }: ResultRow): number => sign * (mean ?? Number.NEGATIVE_INFINITY);
  return candidates.reduce<ResultRow | undefined>(
    (best, row) => (best === undefined || value(row) > value(best) ? row : best),
    undefined,
  )?.strategy;
}

function isComparable(table: StrategyScores, reference: StrategyScores): boolean {
  return (
    table.key.task === reference.key.task &&
    table.key.environment === reference.key.environment &&
    table.key.strategy !== reference.key.strategy &&
    table.completed === reference.completed
  );
}

function resultRows(table: StrategyScores, bootstrap: Bootstrap): ResultRow[] {
  return cells(table).map((cell) => ({
    ...cell,
    ...finite(bootstrap.estimate(table.column(cell.metric, cell.round))),
  }));
}

function differenceRows(table: StrategyScores, reference: StrategyScores, bootstrap: Bootstrap): DifferenceRow[] {
  return cells(table).map(({ task, environment, strategy, metric, round }) => {
    const difference = pairedDifferences(table.column(metric, round), reference.column(metric, round));
    const estimate = finite(bootstrap.estimate(difference));
    return { task, environment, strategy, reference: reference.key.strategy, metric, round, ...estimate };
  });
}

function cells({ key }: StrategyScores): Pick<ResultRow, 'task' | 'environment' | 'strategy' | 'metric' | 'round'>[] {
  const { task, environment, strategy, metrics, rounds } = key;
  return metrics.flatMap((metric) =>
    Array.from({ length: rounds + 1 }, (_, round) => ({ task, environment, strategy, metric, round })),
  );
}

/** JSON has no NaN: undefined figures become null. */
export function finite({ mean, ci95, n }: Estimate): Pick<ResultRow, 'mean' | 'ci95' | 'n'> {
  const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return { mean: orNull(mean), ci95: [orNull(ci95[0]), orNull(ci95[1])], n };
}
