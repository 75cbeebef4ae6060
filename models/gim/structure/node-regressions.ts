import { addOuterProduct, type ScreenMoments } from './screen-moments.js';
import { solveInPlace } from './solve.js';

// Shapes: d variables, b basis functions, D = d b columns, K contexts.

/** Which variables each context hits: [K, d], 1 for a target. */
export type TargetFlags = Uint8Array;

/** A variable regressed on its parents. */
export interface NodeRegression {
  /** [parents, b] */
  readonly coefficients: Float64Array;
  /** Mean of the undisturbed residuals about the observational mean; 0 unless intercepts are free. */
  readonly intercept: number;
  /** Variance of the residuals, in observational variances of the variable. */
  readonly variance: number;
  /** Gaussian log likelihood of the rows that count, up to a constant. */
  readonly logLikelihood: number;
}

/**
 * Regressions of every variable on sets of parents, on the variable's own second moments: about the observational mean where
 * a context does not hit it, about the mean of the context where it does, since a shift leaves that covariance alone. With
 * free intercepts, about the mean of all rows in which it is no target: sharper once targets are known, but a search that has
 * them wrong is led astray.
 */
export class NodeRegressions {
  readonly size: number;
  readonly #blocks: number;
  /** [d] of [D, D] */
  readonly #moments: readonly Float64Array[];
  /** [d] of [D]: mean of the rows in which the variable is no target. */
  readonly #undisturbed: readonly Float64Array[];
  readonly #rows: readonly number[];
  readonly #known: Map<string, NodeRegression>[];

  constructor(moments: ScreenMoments, targets: TargetFlags, intercepts: 'observational' | 'free' = 'observational') {
    const { size, contexts, basis } = moments;
    this.size = size;
    this.#blocks = basis.functions.length;
    this.#known = Array.from({ length: size }, () => new Map<string, NodeRegression>());
    const rows: number[] = [];
    const undisturbed: Float64Array[] = [];
    this.#moments = Array.from({ length: size }, (_, node) => {
      const own = moments.total.slice();
      let mean = new Float64Array(moments.centre.length);
      let [lost, counted] = [1, moments.observational.rows];
      contexts.forEach((context, k) => {
        if (targets[k * size + node] === 1) {
          addOuterProduct(own, context.mean, -context.rows);
          lost++;
          return;
        }
        counted += context.rows;
        for (let column = 0; column < mean.length; column++) mean[column]! += context.rows * context.mean[column]!;
      });
      mean = mean.map((sum) => (intercepts === 'free' ? sum / counted : 0));
      addOuterProduct(own, mean, -counted);
      undisturbed.push(mean);
      rows.push(moments.totalRows - lost);
      return own;
    });
    this.#undisturbed = undisturbed;
    this.#rows = rows;
  }

  /** Remembered by its ascending parents. */
  of(node: number, parents: readonly number[]): NodeRegression {
    const key = parents.join();
    const known = this.#known[node]!.get(key);
    if (known !== undefined) return known;
    const computed = this.#regress(node, parents);
    this.#known[node]!.set(key, computed);
    return computed;
  }

  /** Degrees of freedom of a variable's moments: rows less the means that were taken off. */
  rows(node: number): number {
    return this.#rows[node]!;
  }

  /** Log likelihood less `edgeCost` nats per coefficient. */
  score(node: number, parents: readonly number[], edgeCost: number): number {
    return this.of(node, parents).logLikelihood - edgeCost * parents.length * this.#blocks;
  }

  #regress(node: number, parents: readonly number[]): NodeRegression {
    const blocks = this.#blocks;
    const width = this.size * blocks;
    const gram = this.#moments[node]!;
    const columns = parents.flatMap((parent) => Array.from({ length: blocks }, (_, c) => parent * blocks + c));
    const n = columns.length;
    const matrix = new Float64Array(n * n);
    const own = node * blocks;
    const right = Float64Array.from(columns, (column) => gram[column * width + own]!);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        matrix[i * n + j] = gram[columns[i]! * width + columns[j]!]! * (i === j ? 1 + 1e-9 : 1);
    const coefficients = solveInPlace(matrix, right.slice());
    const explained = coefficients.reduce((sum, coefficient, i) => sum + coefficient * right[i]!, 0);
    const rows = this.#rows[node]!;
    const variance = Math.max((gram[own * width + own]! - explained) / rows, 1e-12);
    const mean = this.#undisturbed[node]!;
    const intercept = columns.reduce((rest, column, i) => rest - coefficients[i]! * mean[column]!, mean[own]!);
    return { coefficients, intercept, variance, logLikelihood: (-rows / 2) * Math.log(variance) };
  }
}
