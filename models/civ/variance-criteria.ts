import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type AcquisitionFunction, maximumWithWeights } from './acquisition.js';
import type { DagRegressionPosterior } from './dag-regression-posterior.js';
import { LookaheadSpread } from './lookahead-spread.js';

/** CV: max_i v_i, the spectral norm of Var((I - B) mu* | D(a')), which is diagonal. */
export class OptimumVariance implements AcquisitionFunction {
  readonly size: number;
  readonly prefersLongShifts = true;
  readonly isMaximum = true;
  readonly degree = 2;
  readonly #lookahead: LookaheadSpread;
  readonly #noise: Float64Array;
  readonly #weights: Float64Array;

  constructor(posterior: DagRegressionPosterior, goalMean: Float64Array, rows: number) {
    this.size = posterior.size;
    this.#lookahead = new LookaheadSpread(posterior, goalMean, rows);
    this.#noise = Float64Array.from({ length: this.size }, (_, i) => posterior.noiseVariance(i));
    this.#weights = new Float64Array(this.size);
  }

  value(shift: Float64Array): number {
    const spread = this.#lookahead.evaluate(shift);
    let largest = 0;
    for (let i = 0; i < this.size; i++) largest = Math.max(largest, this.#noise[i]! * spread[i]!);
    return largest;
  }

  valueAndGradient(shift: Float64Array, gradient: Float64Array, temperature: number): number {
    const spread = this.#lookahead.evaluate(shift);
    for (let i = 0; i < this.size; i++) this.#weights[i] = this.#noise[i]! * spread[i]!;
    const value = maximumWithWeights(this.#weights, temperature);
    for (let i = 0; i < this.size; i++) this.#weights[i]! *= this.#noise[i]!;
    this.#lookahead.gradient(this.#weights, gradient);
    return value;
  }
}

/** One M_i in its own axes: M = Q diag(eigenvalues) Q', eigenvalues descending, columns of `vectors` [k, k] alike. */
interface Axes {
  readonly parents: Int32Array;
  readonly eigenvalues: Float64Array;
  readonly vectors: Float64Array;
}

/** Below this share of the largest eigenvalue a gap or a component counts as zero: the top eigenvalue then stays put. */
const NEGLIGIBLE = 1e-13;

/**
 * MaxV: max_i of the largest eigenvalue of M_i(D(a')), as the authors' code has it, without the factor sigma_i^2.
 *
 * In the axes of M = Q diag(d) Q', the update is diag(d) - rho zz' with z = dQ'x, rho = n/(1 + n x'Mx), and its largest eigenvalue
 * is the root of 1 = rho sum_j z_j^2/(d_j - lambda) between d_2 and d_1; its vector is w_j ~ z_j/(d_j - lambda). One eigenvalue
 * decomposition per posterior, then O(k^2) per shift.
 */
export class WeightVariance implements AcquisitionFunction {
  readonly size: number;
  readonly prefersLongShifts = true;
  readonly isMaximum = true;
  readonly degree = -2;
  readonly #posterior: DagRegressionPosterior;
  readonly #rows: number;
  readonly #axes: readonly Axes[];
  readonly #plugIn: Float64Array;
  /** What max_i is at least, whatever the shift: the second largest eigenvalues. */
  readonly #floor: number;

  constructor(posterior: DagRegressionPosterior, rows: number) {
    this.size = posterior.size;
    this.#posterior = posterior;
    this.#rows = rows;
    this.#plugIn = new Float64Array(this.size);
    this.#axes = posterior.nodes
      .filter(({ parents }) => parents.length > 0)
      .map(({ parents, covariance }) => principalAxes(parents, covariance));
    this.#floor = this.#axes.reduce((floor, { eigenvalues }) => Math.max(floor, eigenvalues[1] ?? 0), 0);
  }

  value(shift: Float64Array): number {
    const x = this.#posterior.plugInMean(shift, this.#plugIn);
    return this.#axes.reduce(
      (largest, axes) =>
        axes.eigenvalues[0]! <= largest ? largest : Math.max(largest, this.#downdate(axes, x).eigenvalue),
      this.#floor,
    );
  }

  valueAndGradient(shift: Float64Array, gradient: Float64Array, temperature: number): number {
    gradient.fill(0);
    if (this.#axes.length === 0) return 0;
    const x = this.#posterior.plugInMean(shift, this.#plugIn);
    // Terms 40 temperatures below the maximum weigh less than e^-40 and are left out.
    const active = this.#axes
      .filter(({ eigenvalues }) => eigenvalues[0]! >= this.#floor - 40 * temperature)
      .map((axes) => this.#downdate(axes, x));
    const weights = Float64Array.from(active, ({ eigenvalue }) => eigenvalue);
    const value = maximumWithWeights(weights, temperature);
    active.forEach((downdate, index) => {
      if (weights[index]! > 1e-14) addEigenvalueGradient(downdate, this.#rows, weights[index]!, gradient);
    });
    this.#posterior.pullBack(gradient);
    return value;
  }

  #downdate(axes: Axes, x: Float64Array): Downdate {
    const { parents, eigenvalues, vectors } = axes;
    const k = parents.length;
    const z = new Float64Array(k);
    for (let r = 0; r < k; r++) for (let c = 0; c < k; c++) z[c]! += vectors[r * k + c]! * x[parents[r]!]!;
    let quadratic = 0;
    for (let c = 0; c < k; c++) {
      quadratic += eigenvalues[c]! * z[c]! * z[c]!;
      z[c]! *= eigenvalues[c]!;
    }
    const spread = 1 + this.#rows * quadratic;
    const drop = topEigenvalueDrop(eigenvalues, z, this.#rows / spread);
    return { axes, z, spread, drop, eigenvalue: eigenvalues[0]! - drop };
  }
}

interface Downdate {
  readonly axes: Axes;
  readonly z: Float64Array;
  /** r = 1 + n x'Mx */
  readonly spread: number;
  /** d_1 - lambda. */
  readonly drop: number;
  readonly eigenvalue: number;
}

function principalAxes(parents: Int32Array, covariance: Float64Array): Axes {
  const k = parents.length;
  const matrix = Matrix.from1DArray(k, k, covariance as unknown as number[]);
  const decomposition = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const order = decomposition.realEigenvalues.map((_, c) => c).reverse();
  const eigenvalues = Float64Array.from(order, (c) => decomposition.realEigenvalues[c]!);
  const vectors = new Float64Array(k * k);
  for (let r = 0; r < k; r++)
    order.forEach((column, c) => {
      vectors[r * k + c] = decomposition.eigenvectorMatrix.get(r, column);
    });
  return { parents, eigenvalues, vectors };
}

/**
 * delta = d_1 - lambda for the largest eigenvalue lambda of diag(d) - rho zz', by safeguarded Newton steps on the secular
 * function 1 - rho sum_j z_j^2/(d_j - d_1 + delta), which rises from -inf to +inf over (0, d_1 - d_2). Working in delta keeps the
 * root accurate next to d_1.
 */
function topEigenvalueDrop(eigenvalues: Float64Array, z: Float64Array, rho: number): number {
  const k = z.length;
  const top = eigenvalues[0]!;
  if (k === 1) return rho * z[0]! * z[0]!;
  const gap = top - eigenvalues[1]!;
  if (gap <= NEGLIGIBLE * top || rho * z[0]! * z[0]! <= NEGLIGIBLE * NEGLIGIBLE * top) return 0;
  let low = 0;
  let high = gap;
  let delta = Math.min(gap / 2, rho * z[0]! * z[0]!);
  for (let iteration = 0; iteration < 200; iteration++) {
    let value = 1;
    let slope = 0;
    for (let j = 0; j < k; j++) {
      const term = (z[j]! * z[j]! * rho) / (eigenvalues[j]! - top + delta);
      value -= term;
      slope += term / (eigenvalues[j]! - top + delta);
    }
    if (value > 0) high = delta;
    else low = delta;
    const newton = delta - value / slope;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - delta) <= 1e-15 * delta) return next;
    delta = next;
  }
  return delta;
}

/**
 * With w the unit vector of lambda and t = w'z: d lambda/dx = Q[-2 n (t/r) d w + 2 n^2 (t/r)^2 z]. Adds `weight` times it to
 * `gradient` [p]. Where another axis has become the largest the value does not move.
 */
function addEigenvalueGradient(downdate: Downdate, rows: number, weight: number, gradient: Float64Array): void {
  const { axes, z, spread, drop } = downdate;
  const { parents, eigenvalues, vectors } = axes;
  const k = parents.length;
  const gap = k === 1 ? Number.POSITIVE_INFINITY : eigenvalues[0]! - eigenvalues[1]!;
  if (!(drop > 0) || drop >= gap) return;
  const w = Float64Array.from(z, (value, j) => value / (eigenvalues[j]! - eigenvalues[0]! + drop));
  const length = Math.hypot(...w);
  let t = 0;
  for (let j = 0; j < k; j++) {
    w[j]! /= length;
    t += w[j]! * z[j]!;
  }
  const ratio = (rows * t) / spread;
  for (let r = 0; r < k; r++) {
    let sum = 0;
    for (let c = 0; c < k; c++) sum += vectors[r * k + c]! * (ratio * z[c]! - eigenvalues[c]! * w[c]!);
    gradient[parents[r]!]! += 2 * weight * ratio * sum;
  }
}
