import type { TextTable } from '../report/table.js';
import { formatEstimate } from '../scores/metric-descriptions.js';
import { strategyLabel } from '../strategies/registry.js';
import type { BehaviourRow } from './behaviour-summary.js';
import { BEHAVIOUR_MEASURES, describeMeasure } from './measures.js';
import type { BehaviourStudy } from './study.js';

/** Grows with every round, so that its mean over rounds says nothing. */
const CUMULATIVE = 'variablesTried';

/** Strategies by measures, means over all rounds. */
export function overallTable({ rows, strategies, systems, experiments }: BehaviourStudy): TextTable {
  const measures = BEHAVIOUR_MEASURES.filter(
    (measure) => measure !== CUMULATIVE && rows.some(({ metric }) => metric === measure),
  );
  return {
    title: `Behaviour on ${systems} held-out systems, mean over ${experiments} experiments [95 % interval]; children and parents relative to the average variable`,
    header: ['strategy', ...measures.map((measure) => describeMeasure(measure).short)],
    rows: strategies.map((strategy) => [
      strategyLabel(strategy),
      ...measures.map((measure) => cell(rows, { strategy, measure, round: null })),
    ]),
  };
}

/** For every measure, the ranks included, strategies by rounds. */
export function measureTables({ rows, strategies, experiments }: BehaviourStudy): TextTable[] {
  const measures = [...new Set(rows.map(({ metric }) => metric))];
  const rounds = Array.from({ length: experiments }, (_, index) => index + 1);
  return measures.map((measure) => ({
    title: describeMeasure(measure).label,
    header: ['strategy', ...rounds.map((round) => `experiment ${round}`)],
    rows: strategies.map((strategy) => [
      strategyLabel(strategy),
      ...rounds.map((round) => cell(rows, { strategy, measure, round })),
    ]),
  }));
}

/** How much of each choice of targets the history decides; undefined for a deterministic policy. */
export function adaptivityTable({ adaptivity }: BehaviourStudy): TextTable | undefined {
  if (adaptivity.length === 0) return undefined;
  return {
    title:
      "Policy: entropy of the targets, nats; what the history decides is the marginal entropy minus the policy's own",
    header: ['experiment', 'over systems', "policy's own", 'decided by the history'],
    rows: adaptivity.map(({ round, marginalEntropy, conditionalEntropy, dependence }) => [
      String(round),
      marginalEntropy.toFixed(2),
      formatEstimate(conditionalEntropy, 2),
      dependence === null ? '-' : dependence.toFixed(2),
    ]),
  };
}

function cell(
  rows: readonly BehaviourRow[],
  wanted: { readonly strategy: string; readonly measure: string; readonly round: number | null },
): string {
  const row = rows.find(
    ({ strategy, metric, round }) =>
      strategy === wanted.strategy && metric === wanted.measure && round === wanted.round,
  );
  return row === undefined ? '-' : formatEstimate(row, describeMeasure(wanted.measure).decimals);
}
