import { dot } from './ridge.js';

/** Value at a point [n]; writes the gradient there. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;

const MEMORY = 12;
const ARMIJO = 1e-4;

/**
 * Limited-memory BFGS with backtracking (Nocedal & Wright, algorithm 7.5): a point where no step is worth taking or the
 * gain of a step has fallen below 1e-9 of the value, or the last of `iterations`.
 */
export function minimise(objective: Objective, start: Float64Array, iterations: number): Float64Array {
  let point = start.slice();
  let gradient = new Float64Array(start.length);
  let value = objective(point, gradient);
  const pairs: { step: Float64Array; change: Float64Array; inverse: number }[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const direction = twoLoops(gradient, pairs);
    const slope = dot(direction, gradient);
    if (!(slope < 0)) break;
    let size = pairs.length === 0 ? 1 / Math.max(1, Math.sqrt(dot(gradient, gradient))) : 1;
    const nextGradient = new Float64Array(start.length);
    let next = point;
    let nextValue = value;
    for (; size > 1e-12; size /= 2) {
      next = point.map((coordinate, i) => coordinate + size * direction[i]!);
      nextValue = objective(next, nextGradient);
      if (nextValue <= value + ARMIJO * size * slope) break;
    }
    if (size <= 1e-12) break;
    const step = next.map((coordinate, i) => coordinate - point[i]!);
    const change = nextGradient.map((coordinate, i) => coordinate - gradient[i]!);
    const product = dot(step, change);
    if (product > 1e-12 * dot(change, change)) pairs.push({ step, change, inverse: 1 / product });
    if (pairs.length > MEMORY) pairs.shift();
    const gain = value - nextValue;
    [point, value, gradient] = [next, nextValue, nextGradient];
    if (gain <= 1e-9 * Math.max(1, Math.abs(value))) break;
  }
  return point;
}

/** -H gradient, H the inverse Hessian that the pairs imply. */
function twoLoops(
  gradient: Float64Array,
  pairs: readonly { step: Float64Array; change: Float64Array; inverse: number }[],
): Float64Array {
  const direction = gradient.map((coordinate) => -coordinate);
  const factors = pairs.map(() => 0);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { step, change, inverse } = pairs[k]!;
    factors[k] = inverse * dot(step, direction);
    for (let i = 0; i < direction.length; i++) direction[i]! -= factors[k]! * change[i]!;
  }
  const last = pairs.at(-1);
  const scale = last === undefined ? 1 : 1 / (last.inverse * dot(last.change, last.change));
  for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  pairs.forEach(({ step, change, inverse }, k) => {
    const factor = factors[k]! - inverse * dot(change, direction);
    for (let i = 0; i < direction.length; i++) direction[i]! += factor * step[i]!;
  });
  return direction;
}
