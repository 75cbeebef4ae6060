import { CausalPilotError } from '../../core/errors.js';
import type { AcquisitionFunction } from './acquisition.js';
import { type ConvexSet, checkFeasibleSet, type FeasibleSet, inUnits, lengthUnit } from './feasible-set.js';
import type { LocalMinimum, SmoothObjective } from './local-minimum.js';
import { minimiseProjected } from './projected-minimiser.js';
import { minimiseOnSphere } from './sphere-minimiser.js';

export type OptimisationStatus =
  /** The minimiser is known without a search. */
  | 'closed-form'
  /** The best of a finite list. */
  | 'enumerated'
  /** A local search ended at a stationary point, or at a kink with no descent left. */
  | 'converged'
  /** The iterations ran out; the shift is feasible and no worse than the starts. */
  | 'iteration-limit';

export interface OptimisationOutcome {
  readonly status: OptimisationStatus;
  /** [p], feasible. */
  readonly shift: Float64Array;
  readonly value: number;
  readonly evaluations: number;
  /** Which start (or candidate) it came from. */
  readonly origin: number;
}

/** How hard a minimum is looked for. */
export interface SearchEffort {
  /** Temperatures of a smoothed maximum relative to its value, one search after the other; 0 is the maximum itself. */
  readonly smoothing: readonly number[];
  /** Decrease of the value below which a search ends, in units of the length of the longest shift; 0 for none. */
  readonly absoluteTolerance: number;
}

/** Down to a stationary point, through the kinks of a maximum. */
export const THOROUGH_SEARCH: SearchEffort = { smoothing: [3e-2, 3e-3, 3e-4, 3e-5], absoluteTolerance: 0 };

/**
 * As far as the published optimiser went: scipy's SLSQP ends when the decrease falls below 1e-6 in absolute terms, which late
 * in a study is soon, and at the first kink of a maximum. The published curves depend on it: shifts stay near the
 * estimated optimum, which serves the task better than the exact minimiser of CIV or CV does.
 */
export const PUBLISHED_SEARCH: SearchEffort = { smoothing: [0], absoluteTolerance: 1e-6 };

export interface MinimiseOptions {
  readonly feasible: FeasibleSet;
  /** Where local searches begin; a zero vector is passed over. */
  readonly starts: readonly Float64Array[];
  /** @defaultValue THOROUGH_SEARCH */
  readonly effort?: SearchEffort;
  /** Per start and smoothing stage. @defaultValue 200 */
  readonly iterations?: number;
  /** Length of the gradient, relative to the value, at which a search ends. @defaultValue 1e-6 */
  readonly tolerance?: number;
}

/**
 * The best shift found, from several starts. On a ball, criteria that prefer long shifts are minimised on its sphere.
 * Equal values go to the later start.
 *
 * @throws CausalPilotError E_INPUT when there is nothing to start from, E_NUMERIC when no start has a finite value.
 */
export function minimiseAcquisition(acquisition: AcquisitionFunction, options: MinimiseOptions): OptimisationOutcome {
  const { feasible } = options;
  checkFeasibleSet(feasible, acquisition.size);
  if (feasible.kind === 'finite') return enumerate(acquisition, feasible.candidates);
  if (feasible.kind === 'ball') {
    const shift = acquisition.minimiserInBall?.(feasible.radius);
    if (shift !== undefined)
      return { status: 'closed-form', shift, value: acquisition.value(shift), evaluations: 1, origin: 0 };
  }
  const unit = lengthUnit(feasible);
  const measured = inLengthUnits(acquisition, unit);
  let best: OptimisationOutcome | undefined;
  let evaluations = 0;
  for (const [origin, start] of options.starts.entries()) {
    if (start.every((entry) => entry === 0)) continue;
    const found = search(measured, { ...options, feasible: inUnits(feasible, unit), start: scaled(start, 1 / unit) });
    evaluations += found.evaluations;
    if (!Number.isFinite(found.value) || (best !== undefined && found.value > best.value)) continue;
    const status = found.converged ? 'converged' : 'iteration-limit';
    best = { status, shift: found.point, value: found.value, evaluations, origin };
  }
  if (best !== undefined)
    return {
      ...best,
      shift: scaled(best.shift, unit),
      value: best.value * unit ** acquisition.degree,
      evaluations,
    };
  if (evaluations === 0)
    throw new CausalPilotError('E_INPUT', 'minimiseAcquisition: no start differs from zero; give one that does');
  throw new CausalPilotError('E_NUMERIC', 'minimiseAcquisition: the acquisition is not finite at any start');
}

/** The acquisition with lengths, and all that follows from them, measured in `unit`: searches know no other unit. */
function inLengthUnits(acquisition: AcquisitionFunction, unit: number): AcquisitionFunction {
  if (unit === 1) return acquisition;
  const { size, prefersLongShifts, isMaximum, degree } = acquisition;
  const ofValues = unit ** degree;
  return {
    size,
    prefersLongShifts,
    isMaximum,
    degree,
    value: (shift) => acquisition.value(scaled(shift, unit)) / ofValues,
    valueAndGradient(shift, gradient, temperature) {
      const value = acquisition.valueAndGradient(scaled(shift, unit), gradient, temperature * ofValues);
      for (let i = 0; i < size; i++) gradient[i]! *= unit / ofValues;
      return value / ofValues;
    },
  };
}

function scaled(vector: Float64Array, factor: number): Float64Array {
  return vector.map((entry) => entry * factor);
}

function enumerate(acquisition: AcquisitionFunction, candidates: readonly Float64Array[]): OptimisationOutcome {
  const values = candidates.map((candidate) => acquisition.value(candidate));
  const value = Math.min(...values);
  if (!Number.isFinite(value))
    throw new CausalPilotError('E_NUMERIC', 'minimiseAcquisition: the acquisition is not finite at some candidate');
  const origin = values.indexOf(value);
  return {
    status: 'enumerated',
    shift: candidates[origin]!.slice(),
    value,
    evaluations: candidates.length,
    origin,
  };
}

interface SearchOptions extends MinimiseOptions {
  readonly feasible: ConvexSet;
  readonly start: Float64Array;
}

/** One start; a maximum is smoothed less and less, and the best true value of all stages is kept. */
function search(acquisition: AcquisitionFunction, options: SearchOptions): LocalMinimum {
  if (!acquisition.isMaximum) return localSearch(acquisition, options, 0);
  let from = options.start;
  let best: LocalMinimum | undefined;
  let evaluations = 0;
  for (const stage of (options.effort ?? THOROUGH_SEARCH).smoothing) {
    const temperature = stage * Math.abs(acquisition.value(from));
    const found = localSearch(acquisition, { ...options, start: from }, temperature);
    const value = acquisition.value(found.point);
    evaluations += found.evaluations + 2;
    if (best === undefined || value < best.value) best = { ...found, value };
    from = found.point;
  }
  if (best === undefined) throw new CausalPilotError('E_STATE', 'minimiseAcquisition: the search effort has no stages');
  return { ...best, evaluations };
}

function localSearch(acquisition: AcquisitionFunction, options: SearchOptions, temperature: number): LocalMinimum {
  const { feasible, start, effort = THOROUGH_SEARCH, iterations = 200, tolerance = 1e-6 } = options;
  const limits = { iterations, tolerance, absoluteTolerance: effort.absoluteTolerance };
  const objective: SmoothObjective = (point, gradient) => acquisition.valueAndGradient(point, gradient, temperature);
  if (feasible.kind === 'ball' && acquisition.prefersLongShifts)
    return minimiseOnSphere(objective, start, { ...limits, radius: feasible.radius });
  return minimiseProjected(objective, start, { ...limits, set: feasible });
}
