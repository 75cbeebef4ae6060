import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  nodeMarginal,
  nodeMarginalGradient,
  type ResidualMoments,
  type TargetBelief,
} from '../../../../models/gim/likelihood/node-marginal.js';

const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const residuals = fc.record({ rows: fc.integer({ min: 1, max: 50 }), mean: between(-3, 3), scatter: between(0, 50) });
const beliefs = fc.record({
  logit: between(-5, 5),
  shift: between(-3, 3),
  shiftDeviation: between(0.1, 2),
  noise: between(0.3, 2),
  cost: between(0, 12),
});

/** log of the integral over the shift, by the trapezoid rule around its posterior. */
function quadrature(residual: ResidualMoments, belief: TargetBelief): number {
  const { rows, mean, scatter } = residual;
  const { shift, shiftDeviation, noise } = belief;
  const { posteriorShiftMean, posteriorShiftVariance } = nodeMarginal(residual, belief);
  const step = Math.sqrt(posteriorShiftVariance) / 20;
  const logDensity = (delta: number) =>
    (-rows / 2) * Math.log(2 * Math.PI * noise ** 2) -
    (scatter + rows * (mean - delta) ** 2) / (2 * noise ** 2) -
    Math.log(2 * Math.PI * shiftDeviation ** 2) / 2 -
    (delta - shift) ** 2 / (2 * shiftDeviation ** 2);
  const peak = logDensity(posteriorShiftMean);
  let sum = 0;
  for (let i = -240; i <= 240; i++) sum += Math.exp(logDensity(posteriorShiftMean + i * step) - peak);
  return peak + Math.log(sum * step);
}

describe('nodeMarginal', () => {
  test('the density of a target is the integral over its shift', () => {
    fc.assert(
      fc.property(residuals, beliefs, (residual, belief) => {
        expect(nodeMarginal(residual, belief).logTargeted).toBeCloseTo(quadrature(residual, belief), 8);
      }),
      { numRuns: 100 },
    );
  });

  test('a logit without end is the hypothesis alone', () => {
    const residual = { rows: 4, mean: 0.3, scatter: 2 };
    const belief = { shift: 1, shiftDeviation: 0.5, noise: 1, cost: 0 };
    const sure = nodeMarginal(residual, { ...belief, logit: 800 });
    expect(sure.logMixture).toBeCloseTo(sure.logTargeted, 12);
    const never = nodeMarginal(residual, { ...belief, logit: -800 });
    expect(never.logMixture).toBeCloseTo(never.logUntouched, 12);
    expect(never.posteriorTarget).toBe(0);
  });

  test('gradients are those of central differences', () => {
    fc.assert(
      fc.property(residuals, beliefs, (residual, belief) => {
        const ours = nodeMarginalGradient(residual, belief);
        const h = 1e-5;
        const slope = (move: (by: number) => [ResidualMoments, TargetBelief]) =>
          (nodeMarginal(...move(h)).logMixture - nodeMarginal(...move(-h)).logMixture) / (2 * h);
        const numeric: Record<keyof typeof ours, number> = {
          logit: slope((by) => [residual, { ...belief, logit: belief.logit + by }]),
          shift: slope((by) => [residual, { ...belief, shift: belief.shift + by }]),
          logShiftDeviation: slope((by) => [
            residual,
            { ...belief, shiftDeviation: belief.shiftDeviation * Math.exp(by) },
          ]),
          logNoise: slope((by) => [residual, { ...belief, noise: belief.noise * Math.exp(by) }]),
          mean: slope((by) => [{ ...residual, mean: residual.mean + by }, belief]),
          scatter: slope((by) => [{ ...residual, scatter: residual.scatter + by }, belief]),
        };
        for (const key of Object.keys(numeric) as (keyof typeof ours)[]) {
          const size = Math.max(1, Math.abs(numeric[key]));
          expect(Math.abs(ours[key] - numeric[key]) / size).toBeLessThan(1e-4);
        }
      }),
      { numRuns: 200 },
    );
  });
});
