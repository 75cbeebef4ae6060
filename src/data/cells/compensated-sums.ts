/**
 * Sums that are right to the last bit in nearly every case (Neumaier 1974), so that they do not depend on the order of what is
 * added.
 */
export class CompensatedSums {
  readonly #sums: Float64Array;
  /** What rounding took away from each sum. */
  readonly #lost: Float64Array;

  constructor(count: number) {
    this.#sums = new Float64Array(count);
    this.#lost = new Float64Array(count);
  }

  add(index: number, value: number): void {
    const before = this.#sums[index]!;
    const after = before + value;
    this.#lost[index]! += Math.abs(before) >= Math.abs(value) ? before - after + value : value - after + before;
    this.#sums[index] = after;
  }

  get totals(): Float64Array {
    return this.#sums.map((sum, index) => sum + this.#lost[index]!);
  }
}
