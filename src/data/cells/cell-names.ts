/** Name of row `cell`, unique in the file. */
export function cellName(cell: number): string {
  return `cell${cell}`;
}

export function cellTypeName(cellType: number): string {
  return `type${cellType}`;
}

export function batchName(batch: number): string {
  return `batch${batch}`;
}
