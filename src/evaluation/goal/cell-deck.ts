import type { RandomStream } from '../../../core/random/stream.js';
import type { CellPopulation } from './knockout-screen.js';

/** Hands out the cells of a population in random order: all of them before any comes a second time. */
export class CellDeck {
  readonly #population: CellPopulation;
  readonly #stream: RandomStream;
  #order: Int32Array = new Int32Array(0);
  #next = 0;

  constructor(population: CellPopulation, stream: RandomStream) {
    this.#population = population;
    this.#stream = stream;
  }

  /** The next `count` cells, [count, p]. */
  draw(count: number): Float64Array {
    const { cells, mean } = this.#population;
    const size = mean.length;
    const drawn = new Float64Array(count * size);
    for (let row = 0; row < count; row++) {
      if (this.#next === this.#order.length) {
        this.#order = this.#stream.permutation(cells.length / size);
        this.#next = 0;
      }
      const cell = this.#order[this.#next++]!;
      drawn.set(cells.subarray(cell * size, (cell + 1) * size), row * size);
    }
    return drawn;
  }
}
