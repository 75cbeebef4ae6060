import type { DagRegressionPosterior } from './dag-regression-posterior.js';

// Shapes: p variables; k_i parents of variable i; M_i [k_i, k_i].

/**
 * The spread s_i(a') = mu_pa' M_i(D(a')) mu_pa of every weight vector B_i,pa along the goal mean, after n hypothetical rows
 * at the plug-in mean x' = (I - E[B])^-1 a'. With u = M mu, g = M x, q = u'x and r = 1 + n x'g the rank-one update gives
 *
 *   s = mu'M mu - n q^2 / r,   ds/dx = -2 (n q / r) u + 2 (n q / r)^2 g,
 *
 * so that one evaluation costs sum_i k_i^2, and the gradient with respect to a' one triangular solve more.
 */
export class LookaheadSpread {
  /** s_i at the last shift evaluated, [p]. */
  readonly spread: Float64Array;
  /** s_i without any new rows, [p]. */
  readonly current: Float64Array;
  readonly #offsets: Int32Array;
  readonly #targetGains: Float64Array;
  readonly #gains: Float64Array;
  readonly #ratios: Float64Array;
  readonly #plugIn: Float64Array;
  readonly #gathered: Float64Array;

  constructor(
    readonly posterior: DagRegressionPosterior,
    readonly goalMean: Float64Array,
    readonly rows: number,
  ) {
    const { size, nodes } = posterior;
    this.#offsets = new Int32Array(size + 1);
    for (let i = 0; i < size; i++) this.#offsets[i + 1] = this.#offsets[i]! + nodes[i]!.parents.length;
    this.#targetGains = new Float64Array(this.#offsets[size]!);
    this.#gains = new Float64Array(this.#offsets[size]!);
    this.#ratios = new Float64Array(size);
    this.#plugIn = new Float64Array(size);
    this.#gathered = new Float64Array(size);
    this.current = new Float64Array(size);
    this.spread = new Float64Array(size);
    for (let i = 0; i < size; i++) this.current[i] = this.#multiply(i, goalMean, this.#targetGains);
  }

  /**
   * Writes M_i values_pa into `out` at variable i's offset and returns values_pa' M_i values_pa. Only the lower triangle of M_i is
   * read, which halves the memory traffic that bounds large graphs.
   */
  #multiply(variable: number, values: Float64Array, out: Float64Array): number {
    const { parents, covariance } = this.posterior.nodes[variable]!;
    const k = parents.length;
    const offset = this.#offsets[variable]!;
    const gathered = this.#gathered;
    for (let r = 0; r < k; r++) gathered[r] = values[parents[r]!]!;
    let quadratic = 0;
    for (let r = 0; r < k; r++) {
      const row = r * k;
      const scale = gathered[r]!;
      let below = 0;
      for (let c = 0; c < r; c++) {
        const entry = covariance[row + c]!;
        below += entry * gathered[c]!;
        out[offset + c]! += entry * scale;
      }
      const diagonal = covariance[row + r]! * scale;
      out[offset + r] = below + diagonal;
      quadratic += scale * (2 * below + diagonal);
    }
    return quadratic;
  }

  /** Fills and returns `spread` for the shift a'. */
  evaluate(shift: Float64Array): Float64Array {
    const { posterior, rows } = this;
    const x = posterior.plugInMean(shift, this.#plugIn);
    for (let i = 0; i < posterior.size; i++) {
      const { parents } = posterior.nodes[i]!;
      const offset = this.#offsets[i]!;
      let projection = 0;
      for (let r = 0; r < parents.length; r++) projection += this.#targetGains[offset + r]! * x[parents[r]!]!;
      const ratio = (rows * projection) / (1 + rows * this.#multiply(i, x, this.#gains));
      this.#ratios[i] = ratio;
      this.spread[i] = this.current[i]! - ratio * projection;
    }
    return this.spread;
  }

  /** Gradient of sum_i weights_i s_i with respect to a' at the shift evaluated last, written into `out` [p]. */
  gradient(weights: Float64Array, out: Float64Array): Float64Array {
    out.fill(0);
    for (let i = 0; i < weights.length; i++) {
      const { parents } = this.posterior.nodes[i]!;
      const offset = this.#offsets[i]!;
      const ratio = this.#ratios[i]!;
      const scale = 2 * weights[i]! * ratio;
      for (let r = 0; r < parents.length; r++)
        out[parents[r]!]! += scale * (ratio * this.#gains[offset + r]! - this.#targetGains[offset + r]!);
    }
    return this.posterior.pullBack(out);
  }
}
