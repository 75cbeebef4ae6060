import { CausalPilotError } from '../errors.js';
import { type Intervention, type InterventionKind, KINDS_WITH_VALUES } from './intervention.js';

/** Channels of one table entry as the networks see it: the measured value and the target flag. */
export const HISTORY_CHANNELS = 2;

/**
 * All measurements of one system so far: `rows` samples of d variables with the experiment that produced each row, as it
 * was asked for. Rows are only ever appended.
 *
 * Shapes: n rows, d variables.
 */
export class History {
  #values: Float32Array;
  #targets: Uint8Array;
  #interventionValues: Float32Array;
  #kinds: InterventionKind[] = [];
  #rows = 0;

  constructor(
    readonly size: number,
    capacity = 64,
  ) {
    if (!Number.isInteger(size) || size < 1)
      throw new CausalPilotError('E_INPUT', `History: 'size' must be a positive integer, got ${size}`);
    if (!Number.isInteger(capacity) || capacity < 0)
      throw new CausalPilotError('E_INPUT', `History: 'capacity' must be a number of rows, got ${capacity}`);
    this.#values = new Float32Array(Math.max(capacity, 1) * size);
    this.#targets = new Uint8Array(Math.max(capacity, 1) * size);
    this.#interventionValues = new Float32Array(Math.max(capacity, 1) * size);
  }

  get rows(): number {
    return this.#rows;
  }

  /** [rows, d] view; valid until the next append. */
  get values(): Float32Array {
    return this.#values.subarray(0, this.#rows * this.size);
  }

  /** [rows, d] view of target flags; valid until the next append. */
  get targets(): Uint8Array {
    return this.#targets.subarray(0, this.#rows * this.size);
  }

  /** [rows, d] view of do-values and shifts, 0 where a variable is no target or the kind has no values; valid until the next append. */
  get interventionValues(): Float32Array {
    return this.#interventionValues.subarray(0, this.#rows * this.size);
  }

  /** [rows]: what the experiment of each row did to its targets. */
  get kinds(): readonly InterventionKind[] {
    return this.#kinds;
  }

  /**
   * Appends `samples` [r, d], all measured under `intervention`.
   *
   * @throws CausalPilotError E_SHAPE if they do not fit; E_INPUT naming the first value that is not finite: what read it would
   * answer all the same, and wrongly.
   */
  append(samples: Float32Array, intervention: Intervention): void {
    const { size } = this;
    if (samples.length % size !== 0 || intervention.targets.length !== size)
      throw new CausalPilotError(
        'E_SHAPE',
        `History.append: samples must be [rows, ${size}] with targets [${size}], got ${samples.length} values and ${intervention.targets.length} targets`,
      );
    const broken = samples.findIndex((value) => !Number.isFinite(value));
    if (broken !== -1)
      throw new CausalPilotError(
        'E_INPUT',
        `History.append: variable ${broken % size} of row ${Math.floor(broken / size)} is ${samples[broken]}; leave rows without a measurement out`,
      );
    const added = samples.length / size;
    this.#reserve(this.#rows + added);
    this.#values.set(samples, this.#rows * size);
    const { kind, targets, values } = intervention;
    const performed = KINDS_WITH_VALUES.has(kind)
      ? values?.map((value, variable) => (targets[variable] === 1 ? value : 0))
      : undefined;
    for (let row = this.#rows; row < this.#rows + added; row++) {
      this.#targets.set(targets, row * size);
      if (performed !== undefined) this.#interventionValues.set(performed, row * size);
      this.#kinds.push(kind);
    }
    this.#rows += added;
  }

  /** The first `rows` rows as a history of their own. */
  prefix(rows: number): History {
    if (!Number.isInteger(rows) || rows < 0 || rows > this.#rows)
      throw new CausalPilotError('E_SHAPE', `History.prefix: 'rows' must be in [0, ${this.#rows}], got ${rows}`);
    const copy = new History(this.size, rows);
    copy.#values.set(this.#values.subarray(0, rows * this.size));
    copy.#targets.set(this.#targets.subarray(0, rows * this.size));
    copy.#interventionValues.set(this.#interventionValues.subarray(0, rows * this.size));
    copy.#kinds = this.#kinds.slice(0, rows);
    copy.#rows = rows;
    return copy;
  }

  /** Writes the history as [rows, d, 2] (value, target flag) into `out` from `offset`, the layout that networks read. */
  writeChannels(out: Float32Array, offset = 0): void {
    const entries = this.#rows * this.size;
    for (let entry = 0; entry < entries; entry++) {
      out[offset + HISTORY_CHANNELS * entry] = this.#values[entry]!;
      out[offset + HISTORY_CHANNELS * entry + 1] = this.#targets[entry]!;
    }
  }

  #reserve(rows: number): void {
    const needed = rows * this.size;
    if (needed <= this.#values.length) return;
    const capacity = Math.max(needed, 2 * this.#values.length);
    const values = new Float32Array(capacity);
    values.set(this.values);
    const targets = new Uint8Array(capacity);
    targets.set(this.targets);
    const interventionValues = new Float32Array(capacity);
    interventionValues.set(this.interventionValues);
    this.#values = values;
    this.#targets = targets;
    this.#interventionValues = interventionValues;
  }
}
