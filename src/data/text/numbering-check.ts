import { CompensatedSums } from '../cells/compensated-sums.js';

/** With fewer rows a gene may look so by chance. */
const FEWEST_ROWS = 20;

interface Candidate {
  readonly column: number;
  minimum: number;
  maximum: number;
  /** Of the values, of their squares. */
  readonly sums: CompensatedSums;
}

/**
 * Finds columns that number the rows: whole numbers without a gap, each once, in whatever order. By sums and squares: numbers of
 * n rows between a and a + n - 1 have the sums of a permutation of these only if they are one, but for contrived cases.
 */
export class NumberingCheck {
  readonly #candidates: Candidate[];
  #rows = 0;

  /** Looks at the columns that number the first rows. */
  constructor(firstRows: readonly (readonly string[])[]) {
    const columns = firstRows[0]?.map((_, column) => column) ?? [];
    this.#candidates = columns
      .filter((column) => {
        const values = new Set(firstRows.map((row) => Number(row[column] || Number.NaN)));
        return values.size === firstRows.length && [...values].every(Number.isInteger);
      })
      .map((column) => ({
        column,
        minimum: Number.POSITIVE_INFINITY,
        maximum: Number.NEGATIVE_INFINITY,
        sums: new CompensatedSums(2),
      }));
    for (const row of firstRows) this.add(row);
  }

  add(fields: readonly string[]): void {
    this.#rows++;
    for (const candidate of this.#candidates) {
      const value = Number(fields[candidate.column]);
      candidate.minimum = Math.min(candidate.minimum, value);
      candidate.maximum = Math.max(candidate.maximum, value);
      candidate.sums.add(0, value);
      candidate.sums.add(1, value * value);
    }
  }

  /** Columns that number all rows so far. */
  get columns(): number[] {
    const n = this.#rows;
    if (n < FEWEST_ROWS) return [];
    return this.#candidates
      .filter(({ minimum, maximum, sums }) => {
        const mean = (minimum + maximum) / 2;
        const [sum, squares] = sums.totals;
        const expectedSquares = (n * (n * n - 1)) / 12 + n * mean * mean;
        return maximum - minimum === n - 1 && sum === n * mean && squares === expectedSquares;
      })
      .map(({ column }) => column);
  }
}
