import { describeMetric, formatEstimate } from '../scores/metric-descriptions.js';
import { bestSimpleStrategy, type DifferenceRow, type EvaluationSummary } from '../scores/summary.js';
import { strategyLabel } from '../strategies/registry.js';

const METRIC = 'return';

/** How far a trained policy is from a strategy that matters, after the last experiment on the same systems. */
export interface Headline extends Pick<DifferenceRow, 'strategy' | 'reference' | 'mean' | 'ci95' | 'n'> {
  /** What the reference is: the one that was chosen, the best strategy without training, or both. */
  readonly role: string;
}

/** Paired differences in return of the policy, in each of its modes, to the reference and to the best simple strategy. */
export function policyHeadlines({ results, differences }: EvaluationSummary, reference: string): Headline[] {
  const [first] = results;
  if (first === undefined) return [];
  const here = differences.filter((row) => row.environment === first.environment && row.metric === METRIC);
  const last = here.reduce((most, { round }) => Math.max(most, round), 0);
  const best = bestSimpleStrategy(results, first);
  const role = (name: string): string =>
    [...(name === reference ? ['reference'] : []), ...(name === best ? ['best simple strategy'] : [])].join(' and ');
  return here
    .filter(({ round, strategy }) => round === last && strategy.startsWith('policy'))
    .map((row) => ({
      strategy: row.strategy,
      reference: row.reference,
      role: role(row.reference),
      mean: row.mean,
      ci95: row.ci95,
      n: row.n,
    }));
}

/** "policy - random targets, random values (reference): +1.02 [+0.95, +1.10] in return on 1000 held-out systems". */
export function describeHeadline(headline: Headline): string {
  const { strategy, reference, role, n } = headline;
  const estimate = formatEstimate(headline, describeMetric(METRIC).decimals, true);
  return `${strategyLabel(strategy)} - ${strategyLabel(reference)} (${role}): ${estimate} in return on ${n} held-out systems`;
}
