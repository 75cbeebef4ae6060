const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-8;

/** Adam (arXiv:1412.6980) on one number kept in double precision, for the log temperature. */
export class ScalarAdam {
  #firstMoment = 0;
  #secondMoment = 0;
  #steps = 0;

  constructor(
    public value: number,
    readonly learningRate: number,
  ) {}

  step(gradient: number): void {
    this.#steps++;
    this.#firstMoment = BETA_1 * this.#firstMoment + (1 - BETA_1) * gradient;
    this.#secondMoment = BETA_2 * this.#secondMoment + (1 - BETA_2) * gradient * gradient;
    const mean = this.#firstMoment / (1 - BETA_1 ** this.#steps);
    const variance = this.#secondMoment / (1 - BETA_2 ** this.#steps);
    this.value -= (this.learningRate * mean) / (Math.sqrt(variance) + EPSILON);
  }

  /** [4]: value, moments, steps. */
  toArray(): Float64Array {
    return Float64Array.of(this.value, this.#firstMoment, this.#secondMoment, this.#steps);
  }

  load(state: Float64Array): void {
    [this.value, this.#firstMoment, this.#secondMoment, this.#steps] = state as unknown as [
      number,
      number,
      number,
      number,
    ];
  }
}
