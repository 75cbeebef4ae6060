import type { CellRequest } from '../cells/cell-source.js';

/** What is asked of a matrix. Shapes: n cells, g columns. */
export interface MatrixRequest extends CellRequest {
  /** n */
  readonly cellCount: number;
  /** [g]: 1 for columns that count as genes. */
  readonly isGene: Uint8Array;
  /** Called for a value that is no finite number; throws. */
  readonly refuse: (value: number, cell: number, column: number) => never;
}

/** [size]: the place of each position among `wanted`, -1 for the others. */
export function slotsOf(wanted: readonly number[], size: number): Int32Array {
  const slots = new Int32Array(size).fill(-1);
  wanted.forEach((position, slot) => {
    slots[position] = slot;
  });
  return slots;
}
