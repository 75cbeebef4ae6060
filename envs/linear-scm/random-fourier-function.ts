import type { RandomStream } from '../../core/random/stream.js';

export interface RandomFourierOptions {
  readonly features: number;
  readonly lengthScale: number;
  readonly outputScale: number;
}

/**
 * A random smooth function of a few inputs: outputScale sqrt(2 / F) sum_f w_f cos(omega_f' x / lengthScale + b_f) with
 * w, omega standard normal and b uniform in [0, 2 pi). As F grows it becomes a draw from the Gaussian process with the
 * squared-exponential kernel (Rahimi and Recht 2007). Without inputs it is a random constant.
 */
export class RandomFourierFunction {
  /** Shapes: `frequencies` [features, inputs] already divided by the length scale; `phases`, `weights` [features]. */
  constructor(
    readonly frequencies: Float64Array,
    readonly phases: Float64Array,
    readonly weights: Float64Array,
  ) {}

  static sample(inputs: number, options: RandomFourierOptions, stream: RandomStream): RandomFourierFunction {
    const { features, lengthScale, outputScale } = options;
    return new RandomFourierFunction(
      stream.fillNormal(new Float64Array(features * inputs), 0, 1 / lengthScale),
      stream.fillUniform(new Float64Array(features), 0, 2 * Math.PI),
      stream.fillNormal(new Float64Array(features), 0, outputScale * Math.sqrt(2 / features)),
    );
  }

  /** The value at `inputs`, as many numbers as the function was made for. */
  evaluate(inputs: Float64Array): number {
    const { frequencies, phases, weights } = this;
    const inputCount = frequencies.length / weights.length;
    let sum = 0;
    for (let feature = 0; feature < weights.length; feature++) {
      let angle = phases[feature]!;
      for (let input = 0; input < inputCount; input++)
        angle += frequencies[feature * inputCount + input]! * inputs[input]!;
      sum += weights[feature]! * Math.cos(angle);
    }
    return sum;
  }
}
