/**
 * A number per candidate shift a', smaller is better, for one state of the posterior. Built anew after every update.
 *
 * Shapes: shift, gradient [p].
 */
export interface AcquisitionFunction {
  readonly size: number;
  /** Whether lengthening a shift never makes it worse, so that the best point of a ball lies on its sphere. */
  readonly prefersLongShifts: boolean;
  /** Whether it is a maximum of smooth functions, with kinks where the largest changes. */
  readonly isMaximum: boolean;
  /** Power of the unit of length that values have: with all data c times as long, they are c^degree times as large. */
  readonly degree: number;
  value(shift: Float64Array): number;
  /**
   * The value, with its gradient written into `gradient`. For a maximum and `temperature` > 0 the maximum is replaced by
   * temperature * log sum exp(. / temperature); otherwise `temperature` has no effect.
   */
  valueAndGradient(shift: Float64Array, gradient: Float64Array, temperature: number): number;
  /** The minimiser over the ball of this radius, where it has a closed form. */
  minimiserInBall?(radius: number): Float64Array;
}

/** max_i terms_i, smoothed: value and the weights d value / d terms_i, written over `terms`. */
export function maximumWithWeights(terms: Float64Array, temperature: number): number {
  let largest = terms[0]!;
  let at = 0;
  for (let i = 1; i < terms.length; i++) {
    if (terms[i]! > largest) {
      largest = terms[i]!;
      at = i;
    }
  }
  if (!(temperature > 0)) {
    terms.fill(0);
    terms[at] = 1;
    return largest;
  }
  let total = 0;
  for (let i = 0; i < terms.length; i++) {
    terms[i] = Math.exp((terms[i]! - largest) / temperature);
    total += terms[i]!;
  }
  for (let i = 0; i < terms.length; i++) terms[i]! /= total;
  return largest + temperature * Math.log(total);
}
