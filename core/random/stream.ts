import seedrandom from 'seedrandom';
import { CausalPilotError } from '../errors.js';

/** Everything that the next draw depends on. Plain numbers, so that JSON keeps it exactly. */
export interface RandomStreamState {
  readonly name: string;
  readonly generator: { readonly c: number; readonly s0: number; readonly s1: number; readonly s2: number };
  /** The polar method makes two normals at a time; the one not yet handed out, or null. */
  readonly spareNormal: number | null;
}

/**
 * A named source of random numbers. A stream is fixed by its name alone (`run/42/episode/7/noise`), so results do not
 * depend on the order in which streams are made or on how many workers share the work, and a resumed run needs no
 * generator state: it asks for the same names again. Where a stream must be stopped half-way, `state` and `restore`
 * continue it exactly.
 */
export class RandomStream {
  readonly #generator: seedrandom.StatefulPRNG<seedrandom.State.Alea>;
  #spareNormal = Number.NaN;

  constructor(
    readonly name: string,
    generator: seedrandom.State.Alea | true = true,
  ) {
    this.#generator = seedrandom.alea(name, { state: generator });
  }

  /** The stream that continues where `state` was taken. */
  static restore(state: RandomStreamState): RandomStream {
    const stream = new RandomStream(state.name, { ...state.generator });
    stream.#spareNormal = state.spareNormal ?? Number.NaN;
    return stream;
  }

  state(): RandomStreamState {
    const { c, s0, s1, s2 } = this.#generator.state();
    const spare = this.#spareNormal;
    return { name: this.name, generator: { c, s0, s1, s2 }, spareNormal: Number.isNaN(spare) ? null : spare };
  }

  /** The stream named `<this name>/<part>/<part>...`; independent of what this stream has already produced. */
  child(...parts: readonly (string | number)[]): RandomStream {
    return new RandomStream([this.name, ...parts].join('/'));
  }

  /** Uniform in [0, 1), 32 random bits. */
  uniform(): number {
    return this.#generator();
  }

  /** Uniform in (0, 1), both ends excluded: safe under logarithms. */
  openUniform(): number {
    return this.#generator() + 2 ** -33;
  }

  /** Uniform over 0 .. maximumExclusive - 1. */
  integer(maximumExclusive: number): number {
    if (!Number.isInteger(maximumExclusive) || maximumExclusive < 1)
      throw new CausalPilotError(
        'E_INPUT',
        `RandomStream.integer: 'maximumExclusive' must be a positive integer, got ${maximumExclusive}`,
      );
    return Math.floor(this.#generator() * maximumExclusive);
  }

  bernoulli(probability: number): boolean {
    return this.#generator() < probability;
  }

  /** -1 or 1 with equal probability. */
  sign(): -1 | 1 {
    return this.#generator() < 0.5 ? -1 : 1;
  }

  /** Standard normal, by Marsaglia's polar method. */
  normal(): number {
    const spare = this.#spareNormal;
    if (!Number.isNaN(spare)) {
      this.#spareNormal = Number.NaN;
      return spare;
    }
    const generator = this.#generator;
    let x: number;
    let y: number;
    let squaredRadius: number;
    do {
      x = 2 * generator() - 1;
      y = 2 * generator() - 1;
      squaredRadius = x * x + y * y;
    } while (squaredRadius >= 1 || squaredRadius === 0);
    const factor = Math.sqrt((-2 * Math.log(squaredRadius)) / squaredRadius);
    this.#spareNormal = y * factor;
    return x * factor;
  }

  /** Overwrites every entry with N(mean, std^2). */
  fillNormal<T extends Float32Array | Float64Array>(array: T, mean = 0, std = 1): T {
    for (let index = 0; index < array.length; index++) array[index] = mean + std * this.normal();
    return array;
  }

  /** Overwrites every entry with a uniform number in [low, high). */
  fillUniform<T extends Float32Array | Float64Array>(array: T, low = 0, high = 1): T {
    for (let index = 0; index < array.length; index++) array[index] = low + (high - low) * this.#generator();
    return array;
  }

  /** A uniformly random order of 0 .. count - 1. */
  permutation(count: number): Int32Array {
    return this.#shuffledPrefix(count, count);
  }

  /** `chosen` different numbers out of 0 .. count - 1, in random order. */
  choose(count: number, chosen: number): Int32Array {
    if (!Number.isInteger(chosen) || chosen < 0 || chosen > count)
      throw new CausalPilotError(
        'E_INPUT',
        `RandomStream.choose: 'chosen' must be an integer in [0, ${count}], got ${chosen}`,
      );
    return this.#shuffledPrefix(count, chosen);
  }

  /** An index with probability proportional to its weight. */
  weightedIndex(weights: ArrayLike<number>): number {
    let total = 0;
    for (let index = 0; index < weights.length; index++) {
      if (!(weights[index]! >= 0))
        throw new CausalPilotError(
          'E_INPUT',
          `RandomStream.weightedIndex: weights must not be negative, got ${weights[index]} at ${index}`,
        );
      total += weights[index]!;
    }
    if (!(total > 0 && total < Number.POSITIVE_INFINITY))
      throw new CausalPilotError(
        'E_INPUT',
        `RandomStream.weightedIndex: the weights must have a positive, finite sum, got ${total}`,
      );
    let remaining = this.#generator() * total;
    let last = 0;
    for (let index = 0; index < weights.length; index++) {
      if (weights[index] === 0) continue;
      last = index;
      remaining -= weights[index]!;
      if (remaining < 0) return index;
    }
    return last;
  }

  /** The first `kept` places of a Fisher-Yates shuffle. */
  #shuffledPrefix(count: number, kept: number): Int32Array {
    const order = new Int32Array(count);
    for (let index = 0; index < count; index++) order[index] = index;
    for (let place = 0; place < kept; place++) {
      const swap = place + Math.floor(this.#generator() * (count - place));
      const value = order[swap]!;
      order[swap] = order[place]!;
      order[place] = value;
    }
    return kept === count ? order : order.slice(0, kept);
  }
}
