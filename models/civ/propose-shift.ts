import { CausalPilotError } from '../../core/errors.js';
import type { RandomStream } from '../../core/random/stream.js';
import type { AcquisitionFunction } from './acquisition.js';
import type { DagRegressionPosterior } from './dag-regression-posterior.js';
import { type FeasibleSet, lengthUnit } from './feasible-set.js';
import { ConfidenceBound, GreedyGap } from './gap-criteria.js';
import { IntegratedVariance } from './integrated-variance.js';
import { minimiseAcquisition, type OptimisationOutcome, type SearchEffort } from './minimise-acquisition.js';
import { ExpectedImprovement, MutualInformation } from './monte-carlo-criteria.js';
import { OptimumVariance, WeightVariance } from './variance-criteria.js';

/** What is wanted of a system and what was tried so far. */
export interface Goal {
  /** mu* [p] */
  readonly goalMean: Float64Array;
  readonly feasible: FeasibleSet;
  /** Rows n that the next experiment measures. */
  readonly rows: number;
  /** Shifts so far, in order. */
  readonly tried: readonly Float64Array[];
  /** @defaultValue THOROUGH_SEARCH */
  readonly effort?: SearchEffort;
}

/** What is known when the next shift is chosen. */
export interface GoalState extends Goal {
  readonly posterior: DagRegressionPosterior;
}

type Criterion = (state: GoalState, stream: RandomStream) => AcquisitionFunction;

const CRITERIA: ReadonlyMap<string, Criterion> = new Map<string, Criterion>([
  ['civ', (state) => new IntegratedVariance(state)],
  ['civ-ow', (state) => new IntegratedVariance({ ...state, measure: { kind: 'output-weighted' } })],
  ['greedy', ({ posterior, goalMean }) => new GreedyGap(posterior, goalMean)],
  ['maxv', ({ posterior, rows }) => new WeightVariance(posterior, rows)],
  ['cv', ({ posterior, goalMean, rows }) => new OptimumVariance(posterior, goalMean, rows)],
  ['ei', (state, stream) => new ExpectedImprovement({ ...state, stream })],
  ['mi', (state, stream) => new MutualInformation({ ...state, stream })],
  ['ucb', ({ posterior, goalMean }) => new ConfidenceBound(posterior, goalMean)],
]);

/** Criteria that `proposeShift` minimises. */
export const SHIFT_CRITERIA: readonly string[] = [...CRITERIA.keys()];

/** Uniform jitter of the previous shift before a search starts from it, as published: +-20 %. */
const JITTER = 0.2;

/**
 * The next shift by a criterion of `SHIFT_CRITERIA`, from the two starts of the paper: the previous shift with each entry
 * scaled by a random factor in [0.8, 1.2] (a random direction before the first), and the estimate of a* at full length.
 */
export function proposeShift(criterion: string, state: GoalState, stream: RandomStream): OptimisationOutcome {
  const build = CRITERIA.get(criterion);
  if (build === undefined)
    throw new CausalPilotError(
      'E_CONFIG',
      `proposeShift: unknown criterion '${criterion}'; choose among ${SHIFT_CRITERIA.join(', ')}`,
    );
  const { posterior, goalMean, feasible, tried, effort } = state;
  const previous = tried.at(-1);
  const start =
    previous === undefined
      ? randomShift(feasible, posterior.size, stream)
      : previous.map((entry) => entry * (1 + JITTER * (2 * stream.uniform() - 1)));
  const estimate = posterior.estimatedShift(goalMean);
  const length = Math.hypot(...estimate);
  const unit = lengthUnit(feasible);
  const starts = [start, length > 0 ? estimate.map((entry) => (unit * entry) / length) : estimate];
  return minimiseAcquisition(build(state, stream), { feasible, starts, effort });
}

/** A uniform direction at full length, a uniform point of a box, or one candidate of a list. */
export function randomShift(feasible: FeasibleSet, size: number, stream: RandomStream): Float64Array {
  if (feasible.kind === 'finite') return feasible.candidates[stream.integer(feasible.candidates.length)]!.slice();
  const shift = new Float64Array(size);
  if (feasible.kind === 'box') return stream.fillUniform(shift, feasible.lower, feasible.upper);
  stream.fillNormal(shift);
  const length = Math.hypot(...shift);
  return shift.map((entry) => (feasible.radius * entry) / length);
}
