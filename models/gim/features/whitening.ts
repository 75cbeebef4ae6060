import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

// Shapes: q descriptors, r directions in which the descriptors of a screen vary.

/** Directions with less than this share of the largest variance are rounding. */
const SMALLEST_VARIANCE = 1e-12;

/**
 * Coordinates in which descriptors are uncorrelated with variance 1, so that regressions on mixed or correlated features are
 * as easy to fit as on clean ones. Directions in which they hardly vary have less: new perturbations may vary in them.
 */
export class Whitening {
  private constructor(
    /** r rows of q. */
    readonly directions: readonly Float64Array[],
  ) {}

  /**
   * @param rows of [q], about 0.
   * @param smoothing - Added to every variance, as a share of their mean.
   */
  static of(rows: readonly Float64Array[], smoothing: number): Whitening {
    const q = rows[0]?.length ?? 0;
    if (q === 0) return new Whitening([]);
    const covariance = Matrix.zeros(q, q);
    for (const row of rows)
      for (let i = 0; i < q; i++)
        for (let j = 0; j < q; j++) covariance.set(i, j, covariance.get(i, j) + (row[i]! * row[j]!) / rows.length);
    const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true });
    const largest = Math.max(...realEigenvalues);
    const added = (smoothing * covariance.trace()) / q;
    const directions = realEigenvalues.flatMap((variance, k) =>
      variance > SMALLEST_VARIANCE * largest
        ? [Float64Array.from({ length: q }, (_, i) => eigenvectorMatrix.get(i, k) / Math.sqrt(variance + added))]
        : [],
    );
    return new Whitening(directions);
  }

  /** [r] of descriptors [q]. */
  apply(descriptors: Float64Array): Float64Array {
    return Float64Array.from(this.directions, (direction) =>
      direction.reduce((sum, weight, i) => sum + weight * descriptors[i]!, 0),
    );
  }

  /** Blocks of r weights and an intercept become blocks of q weights and an intercept that read the descriptors themselves. */
  unfold(parameters: Float64Array, width: number): Float64Array {
    const [from, to] = [this.directions.length + 1, width + 1];
    const unfolded = new Float64Array((parameters.length / from) * to);
    for (let block = 0; block < parameters.length / from; block++) {
      this.directions.forEach((direction, k) => {
        const weight = parameters[block * from + k]!;
        for (let i = 0; i < width; i++) unfolded[block * to + i]! += weight * direction[i]!;
      });
      unfolded[block * to + width] = parameters[block * from + from - 1]!;
    }
    return unfolded;
  }
}
