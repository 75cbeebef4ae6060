import { CausalPilotError } from '../../../core/errors.js';
import type { RandomStream } from '../../../core/random/stream.js';
import type { AllowedTargets } from './target-distribution.js';

// Shapes: B histories, S sets of targets, d variables.

export interface ScoredSetsOptions {
  /** [S, d]: 1 or -1 for a target, 0 for other variables; patterns of signs of one set follow each other. */
  readonly sets: Int8Array;
  readonly size: number;
  /** A drawn set is as probable as exp(value / temperature). */
  readonly temperature: number;
  readonly allowed?: AllowedTargets | undefined;
}

/** The choice among listed sets of targets by their values; sets with a forbidden variable never. */
export class ScoredSets {
  readonly #values: Float32Array;
  readonly #options: ScoredSetsOptions;
  readonly #count: number;

  /**
   * @param values - [B, S]
   * @throws CausalPilotError E_INPUT if a history allows none of the sets.
   */
  constructor(values: Float32Array, options: ScoredSetsOptions) {
    this.#count = options.sets.length / options.size;
    this.#options = options;
    this.#values = values.slice();
    if (options.allowed !== undefined) this.#forbid(options.allowed);
  }

  /** The sets of highest value, [B, d]. */
  best(): Int8Array {
    return this.#chosen((values) => values.reduce((best, value, at) => (value > values[best]! ? at : best), 0));
  }

  /** Drawn sets [B, d], one stream per history; all signs of a set are turned with probability 1/2. */
  draw(streams: readonly RandomStream[]): Int8Array {
    const { size } = this.#options;
    const chosen = this.#chosen((values, b) => streams[b]!.weightedIndex(this.#weights(values)));
    streams.forEach((stream, b) => {
      const sign = stream.sign();
      for (let at = b * size; at < (b + 1) * size; at++) chosen[at]! *= sign;
    });
    return chosen;
  }

  /** Entropies [B] of the drawn targets, whatever their signs, nats. */
  targetEntropies(): Float32Array {
    const starts = this.#firstPatterns();
    return Float32Array.from(this.#perHistory(), (values) => {
      const weights = this.#weights(values);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return starts.reduce((entropy, start, set) => {
        const end = starts[set + 1] ?? this.#count;
        const share = weights.subarray(start, end).reduce((sum, weight) => sum + weight, 0) / total;
        return share > 0 ? entropy - share * Math.log(share) : entropy;
      }, 0);
    });
  }

  #weights(values: Float32Array): Float32Array {
    const largest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    return values.map((value) => Math.exp((value - largest) / this.#options.temperature));
  }

  #perHistory(): Float32Array[] {
    return Array.from({ length: this.#values.length / this.#count }, (_, b) =>
      this.#values.subarray(b * this.#count, (b + 1) * this.#count),
    );
  }

  #chosen(choose: (values: Float32Array, b: number) => number): Int8Array {
    const { sets, size } = this.#options;
    const histories = this.#perHistory();
    const chosen = new Int8Array(histories.length * size);
    histories.forEach((values, b) => {
      const set = choose(values, b);
      chosen.set(sets.subarray(set * size, (set + 1) * size), b * size);
    });
    return chosen;
  }

  /** Where in the list other targets begin, not only other signs. */
  #firstPatterns(): number[] {
    const { sets, size } = this.#options;
    const targets = (set: number) => sets.subarray(set * size, (set + 1) * size).map((flag) => Math.abs(flag));
    const isNew = (set: number) => set === 0 || targets(set).some((flag, i) => flag !== targets(set - 1)[i]);
    return Array.from({ length: this.#count }, (_, set) => set).filter(isNew);
  }

  #forbid(allowed: AllowedTargets): void {
    const { sets, size } = this.#options;
    this.#perHistory().forEach((values, b) => {
      const own = allowed.subarray(b * size, (b + 1) * size);
      for (let set = 0; set < this.#count; set++)
        if (sets.subarray(set * size, (set + 1) * size).some((flag, i) => flag !== 0 && own[i] === 0))
          values[set] = Number.NEGATIVE_INFINITY;
      if (values.every((value) => value === Number.NEGATIVE_INFINITY))
        throw new CausalPilotError(
          'E_INPUT',
          `policy: history ${b} allows too few of its ${size} variables as targets for any set that this policy weighs; allow more, or use a policy with another head`,
        );
    });
  }
}
