import type { MetricDescription } from '../scores/metric-descriptions.js';
import { type Play, playedTargets, playedValues } from './recorder.js';

/** What is measured of every round; the ranks (`targetRank1` is the most uncertain variable) come on top. */
const MEASURES: Readonly<Record<string, Omit<MetricDescription, 'better'>>> = {
  targets: { label: 'Number of targets', short: 'targets', decimals: 2 },
  valueStrength: { label: '|value| of a target / value range', short: '|value|', decimals: 2 },
  positiveValues: { label: 'Share of positive values', short: 'positive', decimals: 2 },
  repeats: { label: 'Share of rounds that repeat an earlier target', short: 'repeats', decimals: 2 },
  variablesTried: { label: 'Different variables tried so far', short: 'tried', decimals: 2 },
  childrenOverAverage: { label: 'Children of a target minus average variable', short: 'children', decimals: 2 },
  parentsOverAverage: { label: 'Parents of a target minus average variable', short: 'parents', decimals: 2 },
  gain: { label: 'Gain in return', short: 'gain', decimals: 3 },
  targetRank1: { label: 'Probability that a target is the most uncertain variable', short: 'rank 1', decimals: 2 },
};

/** Names of the measures except for the ranks beyond the first. */
export const BEHAVIOUR_MEASURES: readonly string[] = Object.keys(MEASURES);

/** Name of the measure "probability that a target is the `rank`-th most uncertain variable". */
export function rankMeasure(rank: number): string {
  return `targetRank${rank}`;
}

export function describeMeasure(name: string): Omit<MetricDescription, 'better'> {
  const rank = name.replace(/^targetRank/, '');
  return (
    MEASURES[name] ?? {
      label: `Probability that a target is number ${rank} by uncertainty`,
      short: `rank ${rank}`,
      decimals: 2,
    }
  );
}

/**
 * The measures of round `round` (1 .. T) of one play; NaN where one is not defined (values of a knockout, targets of an
 * observation).
 */
export function measureRound(play: Play, round: number, valueRange: number): Map<string, number> {
  const { graph, interventions, uncertainty, returns } = play;
  const targets = playedTargets(play, round);
  const earlier = new Set(interventions.slice(0, round - 1).flatMap((_, index) => playedTargets(play, index + 1)));
  const values = playedValues(play, round);
  const average = graph.edgeCount / graph.size;
  return new Map([
    ['targets', targets.length],
    ['valueStrength', mean(values.map((value) => Math.abs(value) / valueRange))],
    ['positiveValues', mean(values.map((value) => (value > 0 ? 1 : 0)))],
    ['repeats', targets.some((target) => earlier.has(target)) ? 1 : 0],
    ['variablesTried', new Set([...earlier, ...targets]).size],
    ['childrenOverAverage', mean(targets.map((target) => graph.children(target).length - average))],
    ['parentsOverAverage', mean(targets.map((target) => graph.parents(target).length - average))],
    ['gain', (returns[round] ?? Number.NaN) - (returns[round - 1] ?? Number.NaN)],
    ...rankShares(uncertainty[round - 1] ?? [], targets).map(
      (share, index) => [rankMeasure(index + 1), share] as const,
    ),
  ]);
}

/** [d]: share of the targets that are the r-th most uncertain variable; variables of equal uncertainty share their ranks. */
export function rankShares(uncertainty: ArrayLike<number>, targets: readonly number[]): number[] {
  const values = Array.from(uncertainty);
  return values.map((_, rank) =>
    mean(
      targets.map((target) => {
        const own = values[target] ?? Number.NaN;
        const above = values.filter((value) => value > own).length;
        const equal = values.filter((value) => value === own).length;
        return rank >= above && rank < above + equal ? 1 / equal : 0;
      }),
    ),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
