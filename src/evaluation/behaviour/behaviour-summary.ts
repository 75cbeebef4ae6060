import type { Bootstrap } from '../scores/statistics.js';
import { finite, type ResultRow } from '../scores/summary.js';
import { measureRound } from './measures.js';
import type { Play } from './recorder.js';

/** One measure of one strategy in one round, or over all rounds where `round` is null. */
export type BehaviourRow = Omit<ResultRow, 'round'> & { readonly round: number | null };

export interface BehaviourSummaryOptions {
  readonly environment: string;
  readonly valueRange: number;
  readonly bootstrap: Bootstrap;
}

/**
 * Means over systems with 95 % bootstrap intervals of every measure, per round and over all rounds; measures that are not
 * defined for any strategy (values of knockouts) are left out. All strategies must have played the same systems.
 */
export function summarizeBehaviour(
  playsByStrategy: ReadonlyMap<string, readonly Play[]>,
  { environment, valueRange, bootstrap }: BehaviourSummaryOptions,
): BehaviourRow[] {
  const rows = [...playsByStrategy].flatMap(([strategy, plays]) => {
    const measured = plays.map((play) =>
      play.interventions.map((_, index) => measureRound(play, index + 1, valueRange)),
    );
    const rounds = measured[0]?.length ?? 0;
    const names = [...(measured[0]?.[0]?.keys() ?? [])];
    return names.flatMap((metric) => {
      const values = measured.map((own) => own.map((round) => round.get(metric) ?? Number.NaN));
      const row = (round: number | null, column: readonly number[]): BehaviourRow => {
        const key = { task: 'structure', environment, strategy, metric, round } as const;
        return { ...key, ...finite(bootstrap.estimate(column)) };
      };
      return [
        ...Array.from({ length: rounds }, (_, index) =>
          row(
            index + 1,
            values.map((own) => own[index] ?? Number.NaN),
          ),
        ),
        row(null, values.map(meanOfDefined)),
      ];
    });
  });
  const defined = new Set(rows.flatMap(({ metric, mean }) => (mean === null ? [] : [metric])));
  return rows.filter(({ metric }) => defined.has(metric));
}

function meanOfDefined(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}
