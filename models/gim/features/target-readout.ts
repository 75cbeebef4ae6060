import { sigmoid } from '../likelihood/node-marginal.js';
import type { Unit } from './descriptors.js';
import { dot, type LinearReadout, readOut, ridge } from './ridge.js';

// Shapes: U units, d variables, q descriptors.

const PENALTIES: readonly number[] = [1e-6, 1e-4, 1e-2, 1, 10, 100];
const NEWTON_STEPS = 50;
/** Keeps the slope finite where units tell targets apart without an error. */
const SLOPE_PENALTY = 1e-3;
/** How much the variance of a reading may flatten its odds. */
const CAUTIONS: readonly number[] = [0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6];

/**
 * log odds of a target = offset + slope (reading - 1/2) / sqrt(1 + caution v), v the posterior variance of the reading: small
 * for perturbations like those that were measured, large where descriptors point into directions that none of them had.
 */
export interface TargetReadout {
  readonly reading: LinearReadout;
  readonly offset: number;
  readonly slope: number;
  readonly caution: number;
  /** [q, q] of the reading's weights. */
  readonly covariance: Float64Array;
}

/** [d] */
export function targetProbabilities(readout: TargetReadout, descriptors: Float64Array): Float64Array {
  const { reading, offset, slope, caution, covariance } = readout;
  const q = descriptors.length;
  const variance = descriptors.reduce((sum, value, i) => sum + value * dot(covariance, descriptors, i * q), 0);
  return readOut(reading, descriptors).map((value) =>
    sigmoid(offset + slope * centred(value, caution * Math.max(0, variance))),
  );
}

/** Readings beyond 0 and 1 say no more than those near them: a wild one must not bend the curve. */
function centred(reading: number, doubt: number): number {
  return (Math.min(1.5, Math.max(-0.5, reading)) - 0.5) / Math.sqrt(1 + doubt);
}

/**
 * Reads target flags linearly off the descriptors by ridge regression; penalty and calibration (Platt 1999) are chosen on
 * the predictions of units that were left out. Where targets are linear in the features, a logistic regression would pick any
 * separating direction, while least squares finds the one that new perturbations obey, too.
 *
 * @param flags [U] of [d]
 */
export function fitTargetReadout(units: readonly Unit[], flags: readonly Uint8Array[]): TargetReadout {
  const inputs = units.map(({ descriptors }) => descriptors);
  const outcomes = flags.flatMap((row) => [...row]);
  const candidates = PENALTIES.flatMap((penalty) => {
    const fit = ridge(inputs, flags, penalty);
    const size = flags[0]?.length ?? 0;
    return CAUTIONS.map((caution) => {
      const doubtOf = (entry: number) => caution * fit.leftOutVariances[Math.floor(entry / size)]!;
      const values = fit.leftOut.map((value, entry) => centred(value, doubtOf(entry)));
      return { fit, caution, ...calibrate(values, outcomes) };
    });
  });
  const { fit, caution, offset, slope } = candidates.reduce((a, b) => (b.loss < a.loss ? b : a));
  const reading = { weights: fit.weights, intercepts: fit.intercepts };
  return { reading, offset, slope, caution, covariance: fit.covariance };
}

/** Logistic regression of outcomes on one value, by Newton's steps, halved until they help. */
function calibrate(x: Float64Array, outcomes: readonly number[]) {
  const rate = outcomes.reduce((sum, outcome) => sum + outcome, 0.5) / (outcomes.length + 1);
  let point = { a: Math.log(rate / (1 - rate)), b: 0 };
  const lossAt = ({ a, b }: typeof point) =>
    outcomes.reduce(
      (sum, outcome, i) => sum + softplus((outcome === 1 ? -1 : 1) * (a + b * x[i]!)),
      (SLOPE_PENALTY * b * b) / 2,
    );
  let loss = lossAt(point);
  for (let step = 0; step < NEWTON_STEPS; step++) {
    let [ga, gb, haa, hab, hbb] = [0, SLOPE_PENALTY * point.b, 1e-9, 0, SLOPE_PENALTY];
    outcomes.forEach((outcome, i) => {
      const p = sigmoid(point.a + point.b * x[i]!);
      const w = p * (1 - p);
      ga += p - outcome;
      gb += (p - outcome) * x[i]!;
      haa += w;
      hab += w * x[i]!;
      hbb += w * x[i]! * x[i]!;
    });
    const determinant = haa * hbb - hab * hab;
    const move = { a: (hbb * ga - hab * gb) / determinant, b: (haa * gb - hab * ga) / determinant };
    let size = 1;
    let next = point;
    for (; size > 1e-6; size /= 2) {
      next = { a: point.a - size * move.a, b: point.b - size * move.b };
      if (lossAt(next) < loss) break;
    }
    if (size <= 1e-6) break;
    point = next;
    loss = lossAt(point);
  }
  return { offset: point.a, slope: point.b, loss };
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
