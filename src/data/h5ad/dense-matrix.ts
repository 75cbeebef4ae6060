import type { Dataset } from 'h5wasm/node';
import type { CellValues } from '../cells/cell-source.js';
import { CompensatedSums } from '../cells/compensated-sums.js';
import { ValueProfile } from '../cells/value-profile.js';
import type { Hdf5Reader } from './hdf5-file.js';
import { type MatrixRequest, slotsOf } from './matrix-request.js';
import { readNumbers } from './numbers.js';

// Shapes: n cells, g columns; m cells and k columns that are asked for.

/** Entries that are held at once. */
const BLOCK_ENTRIES = 1 << 22;

/**
 * Reads a dense matrix in blocks of whole rows, or of the columns that share a chunk with one that is asked for where that is
 * enough.
 */
export function readDense(reader: Hdf5Reader, dataset: Dataset, request: MatrixRequest): CellValues {
  const { columns, cells, isGene } = request;
  const size = isGene.length;
  const values = new Float64Array(cells.length * columns.length);
  const sums = request.totals ? new CompensatedSums(cells.length) : undefined;
  const profile = new ValueProfile();
  const slots = slotsOf(columns, size);
  for (const [first, end] of columnRanges(dataset, request)) {
    const width = end - first;
    for (const [from, to] of rowRanges(dataset, cells, width)) {
      const rows = (cells[to - 1] ?? 0) - (cells[from] ?? 0) + 1;
      const top = cells[from] ?? 0;
      const is2d = dataset.shape?.length === 2;
      const block = readNumbers(reader, dataset, is2d ? [top, first] : [top], is2d ? [rows, width] : [rows]);
      for (let at = from; at < to; at++) {
        const cell = cells[at]!;
        const offset = (cell - top) * width - first;
        for (let column = first; column < end; column++) {
          const slot = slots[column]!;
          if (slot === -1 && (sums === undefined || isGene[column] === 0)) continue;
          const value = block[offset + column]!;
          if (!Number.isFinite(value)) request.refuse(value, cell, column);
          profile.add(value, cell, column);
          sums?.add(at, value);
          if (slot !== -1) values[at * columns.length + slot] = value;
        }
      }
    }
  }
  return sums === undefined ? { values, profile } : { values, totals: sums.totals, profile };
}

/** Ranges [first, end) of columns to read: all of them, or the chunks that hold what is asked for. */
function columnRanges(dataset: Dataset, { columns, totals, isGene }: MatrixRequest): [number, number][] {
  const size = isGene.length;
  const width = dataset.metadata.chunks?.[1];
  if (totals || width === undefined || width >= size) return [[0, size]];
  const chunks = [...new Set(columns.map((column) => Math.floor(column / width)))].sort((a, b) => a - b);
  return chunks.map((chunk) => [chunk * width, Math.min(size, (chunk + 1) * width)]);
}

/** Ranges [from, to) of the cells asked for whose rows are read together: whole chunks where there are any. */
function rowRanges(dataset: Dataset, cells: Int32Array, width: number): [number, number][] {
  const chunkRows = dataset.metadata.chunks?.[0] ?? 1;
  const rows = Math.max(1, Math.floor(BLOCK_ENTRIES / Math.max(width, 1) / chunkRows)) * chunkRows;
  const ranges: [number, number][] = [];
  for (let from = 0, to = 0; from < cells.length; from = to) {
    const end = (Math.floor(cells[from]! / rows) + 1) * rows;
    while (to < cells.length && cells[to]! < end) to++;
    ranges.push([from, to]);
  }
  return ranges;
}
