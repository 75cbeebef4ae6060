import type { LocalMinimum, LocalSearchOptions, SmoothObjective } from './local-minimum.js';

// Shapes: point, gradient, direction [p]; up to MEMORY pairs (step, change of gradient).

const MEMORY = 10;
const ARMIJO = 1e-4;
const CURVATURE = 0.9;
const LINE_SEARCH_LIMIT = 30;
/** Length of the first step on the unit sphere. */
const FIRST_STEP = 0.3;

/** A point of the sphere with the value there and the gradient of y -> f(radius y/|y|) at the unit vector y. */
interface SpherePoint {
  readonly unit: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
}

interface CurvaturePair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly inverseProduct: number;
}

/**
 * Minimises over the sphere |a| = radius from `start` by limited-memory BFGS on the unit vector y, the objective read as
 * f(radius y/|y|): its gradient is tangent to the sphere, each step is followed by renormalisation, and curvature pairs are
 * carried over as they are. The line search meets the weak Wolfe conditions by bisection (Lewis & Overton 2013), which also
 * serves the sharply curved smoothed maxima.
 */
export function minimiseOnSphere(
  objective: SmoothObjective,
  start: Float64Array,
  options: LocalSearchOptions & { readonly radius: number },
): LocalMinimum {
  const { radius, iterations, tolerance, absoluteTolerance } = options;
  let evaluations = 0;
  const evaluate = (unit: Float64Array): SpherePoint => {
    evaluations++;
    const gradient = new Float64Array(unit.length);
    const value = objective(
      unit.map((entry) => radius * entry),
      gradient,
    );
    const radial = dot(gradient, unit);
    for (let i = 0; i < unit.length; i++) gradient[i] = radius * (gradient[i]! - radial * unit[i]!);
    return { unit, value, gradient };
  };
  let current = evaluate(normalised(start));
  let pairs: CurvaturePair[] = [];
  let stalled = 0;
  let converged = false;
  for (let iteration = 0; iteration < iterations && !converged; iteration++) {
    const squaredSlope = dot(current.gradient, current.gradient);
    if (Math.sqrt(squaredSlope) <= tolerance * Math.abs(current.value) || squaredSlope < absoluteTolerance) {
      converged = true;
      break;
    }
    let direction = quasiNewtonDirection(current.gradient, pairs);
    if (dot(direction, current.gradient) >= 0) {
      pairs = [];
      direction = current.gradient.map((entry) => -entry);
    }
    // With an absolute tolerance the first step trusts unit curvature, as sequential quadratic programming does.
    const firstStep = pairs.length > 0 || absoluteTolerance > 0 ? 1 : FIRST_STEP / Math.sqrt(squaredSlope);
    const next = lineSearch(current, direction, { evaluate, firstStep });
    if (next === undefined) {
      // No descent left along a quasi-Newton direction: once more along the gradient, then this is the minimum.
      converged = pairs.length === 0;
      pairs = [];
      continue;
    }
    pairs = withPair(pairs, current, next);
    stalled = current.value - next.value <= tolerance * tolerance * Math.abs(next.value) ? stalled + 1 : 0;
    converged = stalled >= 2 || current.value - next.value < absoluteTolerance;
    current = next;
  }
  return { point: current.unit.map((entry) => radius * entry), value: current.value, evaluations, converged };
}

/** The two-loop recursion for -H gradient. */
function quasiNewtonDirection(gradient: Float64Array, pairs: readonly CurvaturePair[]): Float64Array {
  const direction = gradient.map((entry) => -entry);
  const projections = new Float64Array(pairs.length);
  for (let index = pairs.length - 1; index >= 0; index--) {
    const { step, change, inverseProduct } = pairs[index]!;
    projections[index] = inverseProduct * dot(step, direction);
    addScaled(direction, -projections[index]!, change);
  }
  const latest = pairs.at(-1);
  if (latest !== undefined) {
    const scale = 1 / (latest.inverseProduct * dot(latest.change, latest.change));
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  }
  for (let index = 0; index < pairs.length; index++) {
    const { step, change, inverseProduct } = pairs[index]!;
    addScaled(direction, projections[index]! - inverseProduct * dot(change, direction), step);
  }
  return direction;
}

function withPair(pairs: CurvaturePair[], from: SpherePoint, to: SpherePoint): CurvaturePair[] {
  const step = to.unit.map((entry, i) => entry - from.unit[i]!);
  const change = to.gradient.map((entry, i) => entry - from.gradient[i]!);
  const product = dot(step, change);
  if (product <= 1e-12 * Math.sqrt(dot(step, step) * dot(change, change))) return pairs;
  return [...pairs.slice(1 - MEMORY), { step, change, inverseProduct: 1 / product }];
}

/** A point further along with enough decrease and a flatter slope, the best one found when no point has both. */
function lineSearch(
  from: SpherePoint,
  direction: Float64Array,
  options: { readonly evaluate: (unit: Float64Array) => SpherePoint; readonly firstStep: number },
): SpherePoint | undefined {
  const slope = dot(from.gradient, direction);
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let step = options.firstStep;
  let best: SpherePoint | undefined;
  for (let attempt = 0; attempt < LINE_SEARCH_LIMIT; attempt++) {
    const trial = from.unit.map((entry, i) => entry + step * direction[i]!);
    const length = Math.sqrt(dot(trial, trial));
    const point = options.evaluate(trial.map((entry) => entry / length));
    if (!(point.value <= from.value + ARMIJO * step * slope)) high = step;
    else {
      if (best === undefined || point.value < best.value) best = point;
      if (dot(point.gradient, direction) / length >= CURVATURE * slope) return point;
      low = step;
    }
    step = high < Number.POSITIVE_INFINITY ? (low + high) / 2 : 2 * step;
    if (high - low <= 1e-14 * high) break;
  }
  return best;
}

function normalised(vector: Float64Array): Float64Array {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((entry) => entry / length);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(target: Float64Array, scale: number, vector: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i]! += scale * vector[i]!;
}
