import seedrandom from 'seedrandom';

/**
 * A named source of random numbers. A stream is fixed by its name alone (`run/42/episode/7/noise`), so results do not
 * depend on the order in which streams are made or on how many workers share the work, and a resumed run needs no
 * generator state: it asks for the same names again.
 */
export class RandomStream {
  readonly #generator: seedrandom.PRNG;

  constructor(readonly name: string) {
    this.#generator = seedrandom.alea(name);
  }

  /** The stream named `<this name>/<part>/<part>...`; independent of what this stream has already produced. */
  child(...parts: readonly (string | number)[]): RandomStream {
    return new RandomStream([this.name, ...parts].join('/'));
  }

  /** Uniform in [0, 1), 32 random bits. */
  uniform(): number {
    return this.#generator();
  }
}
