// Shapes: k parents; matrices [k, k] row-major.

/** What is believed about one regression before the data. */
export interface NodePrior {
  /** [k], ascending. */
  readonly parents: Int32Array;
  /** Prior mean of every weight. */
  readonly mean: number;
  /** Prior variance of every weight in units of the noise variance. */
  readonly variance: number;
  /** Parameters of the inverse gamma; not used when the noise variance is known. */
  readonly shape: number;
  readonly scale: number;
}

/** F^-1 and what follows from it. */
interface Solution {
  readonly root: Float64Array;
  readonly mean: Float64Array;
  covariance?: Float64Array;
}

/**
 * The regression of one variable on its parents: weights | sigma^2 ~ N(mean, sigma^2 covariance), sigma^2 ~ InvGamma(shape, scale).
 *
 * The information matrix is kept as its lower triangular factor F with F'F = covariance^-1, beside z = F mean. A row (x, y) is
 * rotated into [F | z] by Givens rotations, and what is left of it on the right is e / sqrt(1 + x' covariance x) with the
 * residual e = y - x' mean. Nothing is subtracted, so a covariance cannot lose its sign, whatever the unit of the data
 * (Bierman 1977, Factorization Methods for Discrete Sequential Estimation, chapter IV).
 */
export class NodeRegression {
  readonly parents: Int32Array;
  shape: number;
  scale: number;
  readonly #factor: Float64Array;
  readonly #projected: Float64Array;
  readonly #row: Float64Array;
  /** Made anew when first asked for after an update. */
  #solved: Solution | undefined;

  constructor({ parents, mean, variance, shape, scale }: NodePrior) {
    const k = parents.length;
    this.parents = parents;
    this.shape = shape;
    this.scale = scale;
    this.#factor = new Float64Array(k * k);
    const precisionRoot = 1 / Math.sqrt(variance);
    for (let r = 0; r < k; r++) this.#factor[r * k + r] = precisionRoot;
    this.#projected = new Float64Array(k).fill(precisionRoot * mean);
    this.#row = new Float64Array(k);
  }

  /** [k] */
  get mean(): Float64Array {
    return this.#solve().mean;
  }

  /** [k, k], not scaled by the noise variance. */
  get covariance(): Float64Array {
    const solved = this.#solve();
    solved.covariance ??= timesTranspose(solved.root, this.parents.length);
    return solved.covariance;
  }

  /** Lower triangular L [k, k] with LL' = covariance. */
  get covarianceRoot(): Float64Array {
    return this.#solve().root;
  }

  /** Takes in one response to the parents' values in `sample` [p] at `offset`. */
  update(sample: ArrayLike<number>, offset: number, response: number): void {
    const k = this.parents.length;
    const row = this.#row;
    for (let r = 0; r < k; r++) row[r] = sample[offset + this.parents[r]!]!;
    let residual = response;
    for (let pivot = k - 1; pivot >= 0; pivot--) {
      const [own, other] = [this.#factor[pivot * k + pivot]!, row[pivot]!];
      if (other === 0) continue;
      const length = Math.hypot(own, other);
      const [cosine, sine] = [own / length, other / length];
      for (let c = 0; c < pivot; c++) {
        const at = pivot * k + c;
        const kept = this.#factor[at]!;
        this.#factor[at] = cosine * kept + sine * row[c]!;
        row[c] = cosine * row[c]! - sine * kept;
      }
      this.#factor[pivot * k + pivot] = length;
      const projected = this.#projected[pivot]!;
      this.#projected[pivot] = cosine * projected + sine * residual;
      residual = cosine * residual - sine * projected;
    }
    this.shape += 0.5;
    this.scale += (residual * residual) / 2;
    this.#solved = undefined;
  }

  /** Takes over the state of a regression on the same parents. */
  copyFrom(other: NodeRegression): void {
    this.#factor.set(other.#factor);
    this.#projected.set(other.#projected);
    this.shape = other.shape;
    this.scale = other.scale;
    this.#solved = undefined;
  }

  #solve(): Solution {
    if (this.#solved !== undefined) return this.#solved;
    const k = this.parents.length;
    const root = lowerInverse(this.#factor, k);
    const mean = new Float64Array(k);
    for (let r = 0; r < k; r++) for (let c = 0; c <= r; c++) mean[r]! += root[r * k + c]! * this.#projected[c]!;
    this.#solved = { root, mean };
    return this.#solved;
  }
}

/** The inverse of a lower triangular matrix with a positive diagonal. */
function lowerInverse(factor: Float64Array, k: number): Float64Array {
  const inverse = new Float64Array(k * k);
  for (let c = 0; c < k; c++) {
    inverse[c * k + c] = 1 / factor[c * k + c]!;
    for (let r = c + 1; r < k; r++) {
      let sum = 0;
      for (let m = c; m < r; m++) sum += factor[r * k + m]! * inverse[m * k + c]!;
      inverse[r * k + c] = -sum / factor[r * k + r]!;
    }
  }
  return inverse;
}

function timesTranspose(lower: Float64Array, k: number): Float64Array {
  const product = new Float64Array(k * k);
  for (let r = 0; r < k; r++)
    for (let c = 0; c <= r; c++) {
      let sum = 0;
      for (let m = 0; m <= c; m++) sum += lower[r * k + m]! * lower[c * k + m]!;
      product[r * k + c] = sum;
      product[c * k + r] = sum;
    }
  return product;
}
