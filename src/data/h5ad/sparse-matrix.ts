import type { Dataset } from 'h5wasm/node';
import type { CellValues } from '../cells/cell-source.js';
import { CompensatedSums } from '../cells/compensated-sums.js';
import { ValueProfile } from '../cells/value-profile.js';
import type { Hdf5Reader } from './hdf5-file.js';
import { type MatrixRequest, slotsOf } from './matrix-request.js';
import { type NumberArray, readNumbers } from './numbers.js';

// Entries of one row (csr) or column (csc) lie between two pointers, in any order; those of one position add up.
// Shapes: n cells, g columns; m cells and k columns that are asked for; e stored entries.

/** Entries that are held at once. */
const BLOCK_ENTRIES = 1 << 20;

export interface SparseParts {
  readonly path: string;
  /** [e] */
  readonly data: Dataset;
  /** [e] */
  readonly indices: Dataset;
  /** [n + 1] or [g + 1] */
  readonly pointers: Dataset;
}

/** Reads a matrix that is stored cell by cell. */
export function readSparseByCell(reader: Hdf5Reader, parts: SparseParts, request: MatrixRequest): CellValues {
  const { columns, cells, isGene, refuse } = request;
  const values = new Float64Array(cells.length * columns.length);
  const sums = request.totals ? new CompensatedSums(cells.length) : undefined;
  const profile = new ValueProfile();
  const slots = slotsOf(columns, isGene.length);
  const entries = new StoredEntries(reader, parts, { majors: request.cellCount, minors: isGene.length });
  for (let at = 0; at < cells.length; at++) {
    const cell = cells[at]!;
    entries.visit(cell, (column, value) => {
      const slot = slots[column]!;
      if (slot === -1 && (sums === undefined || isGene[column] === 0)) return;
      if (!Number.isFinite(value)) refuse(value, cell, column);
      profile.add(value, cell, column);
      sums?.add(at, value);
      if (slot !== -1) values[at * columns.length + slot]! += value;
    });
  }
  return sums === undefined ? { values, profile } : { values, totals: sums.totals, profile };
}

/** Reads a matrix that is stored gene by gene; without totals, the columns asked for only. */
export function readSparseByGene(reader: Hdf5Reader, parts: SparseParts, request: MatrixRequest): CellValues {
  const { columns, cells, isGene, refuse } = request;
  const values = new Float64Array(cells.length * columns.length);
  const sums = request.totals ? new CompensatedSums(cells.length) : undefined;
  const profile = new ValueProfile();
  const slots = slotsOf(columns, isGene.length);
  const places = slotsOf(Array.from(cells), request.cellCount);
  const entries = new StoredEntries(reader, parts, { majors: isGene.length, minors: request.cellCount });
  for (let column = 0; column < isGene.length; column++) {
    const slot = slots[column]!;
    if (slot === -1 && (sums === undefined || isGene[column] === 0)) continue;
    entries.visit(column, (cell, value) => {
      const at = places[cell]!;
      if (at === -1) return;
      if (!Number.isFinite(value)) refuse(value, cell, column);
      profile.add(value, cell, column);
      sums?.add(at, value);
      if (slot !== -1) values[at * columns.length + slot]! += value;
    });
  }
  return sums === undefined ? { values, profile } : { values, totals: sums.totals, profile };
}

interface Extent {
  /** Rows of a csr matrix, columns of a csc matrix. */
  readonly majors: number;
  readonly minors: number;
}

/** The stored entries of a sparse matrix, of which one block is in memory. */
class StoredEntries {
  readonly #reader: Hdf5Reader;
  readonly #parts: SparseParts;
  readonly #minors: number;
  /** [majors + 1] */
  readonly #pointers: NumberArray;
  readonly #count: number;
  #data: NumberArray = new Float64Array(0);
  #indices: NumberArray = new Float64Array(0);
  /** Position of the first entry of the block. */
  #first = 0;

  /** @throws CausalPilotError E_INPUT where the three parts do not fit each other. */
  constructor(reader: Hdf5Reader, parts: SparseParts, { majors, minors }: Extent) {
    this.#reader = reader;
    this.#parts = parts;
    this.#minors = minors;
    this.#count = parts.data.shape?.[0] ?? 0;
    this.#pointers = readNumbers(reader, parts.pointers, [0], [parts.pointers.shape?.[0] ?? 0]);
    const pointers = this.#pointers;
    const isSorted = pointers.every((pointer, major) => pointer >= (pointers[major - 1] ?? 0));
    const fits = parts.indices.shape?.[0] === this.#count && (pointers.at(-1) ?? 0) <= this.#count;
    if (pointers.length !== majors + 1 || !isSorted || !fits)
      throw reader.invalid(`'${parts.path}' is damaged: its data, indices and indptr do not fit each other`);
  }

  /** Calls `take` with the minor index and the value of every entry of one row (csr) or column (csc). */
  visit(major: number, take: (minor: number, value: number) => void): void {
    const end = this.#pointers[major + 1]!;
    for (let from = this.#pointers[major]!; from < end; ) {
      if (from < this.#first || from >= this.#first + this.#data.length) this.#load(from);
      const [data, indices, first] = [this.#data, this.#indices, this.#first];
      const stop = Math.min(end, first + data.length);
      for (let entry = from - first; entry < stop - first; entry++) take(indices[entry]!, data[entry]!);
      from = stop;
    }
  }

  #load(entry: number): void {
    const { path, data, indices } = this.#parts;
    const chunk = data.metadata.chunks?.[0] ?? 1;
    this.#first = Math.floor(entry / chunk) * chunk;
    const wanted = Math.max(1, Math.floor(BLOCK_ENTRIES / chunk)) * chunk;
    const length = Math.min(wanted, this.#count - this.#first);
    this.#data = readNumbers(this.#reader, data, [this.#first], [length]);
    this.#indices = readNumbers(this.#reader, indices, [this.#first], [length]);
    const minors = this.#minors;
    if (!this.#indices.every((minor) => minor >= 0 && minor < minors))
      throw this.#reader.invalid(`'${path}' is damaged: an index lies outside of its ${minors} positions`);
  }
}
