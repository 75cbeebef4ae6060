import { type ConvexSet, project } from './feasible-set.js';
import type { LocalMinimum, LocalSearchOptions, SmoothObjective } from './local-minimum.js';

const ARMIJO = 1e-4;
/** Values over which the non-monotone line search takes its reference. */
const WINDOW = 8;
const [SHORTEST_STEP, LONGEST_STEP] = [1e-12, 1e12];

/**
 * Minimises over a ball or box from `start` by the spectral projected gradient method (Birgin, Martinez & Raydan 2000):
 * Barzilai-Borwein steps, projected, with a non-monotone Armijo search. The best point seen is returned.
 */
export function minimiseProjected(
  objective: SmoothObjective,
  start: Float64Array,
  options: LocalSearchOptions & { readonly set: ConvexSet },
): LocalMinimum {
  const { set, iterations, tolerance, absoluteTolerance } = options;
  const size = start.length;
  let point = project(set, start.slice());
  let gradient = new Float64Array(size);
  let value = objective(point, gradient);
  let evaluations = 1;
  let best = { point, value };
  let stepLength = 1;
  const recent = [value];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const direction = projectedDirection(set, point, { gradient, stepLength });
    const reach = projectedDirection(set, point, { gradient, stepLength: 1 });
    const slope = dot(gradient, direction);
    if (Math.hypot(...reach) <= tolerance * Math.abs(value) || -slope < absoluteTolerance)
      return { ...best, evaluations, converged: true };
    const reference = Math.max(...recent);
    let next = point;
    let nextValue = Number.POSITIVE_INFINITY;
    const nextGradient = new Float64Array(size);
    let fraction = 1;
    for (let attempt = 0; attempt < 40; attempt++, fraction /= 2) {
      const scale = fraction;
      next = point.map((entry, i) => entry + scale * direction[i]!);
      nextValue = objective(next, nextGradient);
      evaluations++;
      if (nextValue <= reference + ARMIJO * fraction * slope) break;
    }
    if (!(nextValue <= reference)) return { ...best, evaluations, converged: true };
    const step = next.map((entry, i) => entry - point[i]!);
    const curvature = dot(
      step,
      nextGradient.map((entry, i) => entry - gradient[i]!),
    );
    stepLength =
      curvature > 0 ? Math.min(LONGEST_STEP, Math.max(SHORTEST_STEP, dot(step, step) / curvature)) : LONGEST_STEP;
    [point, gradient, value] = [next, nextGradient, nextValue];
    if (value < best.value) best = { point, value };
    recent.push(value);
    if (recent.length > WINDOW) recent.shift();
  }
  return { ...best, evaluations, converged: false };
}

function projectedDirection(
  set: ConvexSet,
  point: Float64Array,
  { gradient, stepLength }: { readonly gradient: Float64Array; readonly stepLength: number },
): Float64Array {
  const moved = project(
    set,
    point.map((entry, i) => entry - stepLength * gradient[i]!),
  );
  return moved.map((entry, i) => entry - point[i]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
