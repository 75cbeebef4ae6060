/** What values look like, as far as ranges and fractions tell. */
export type ValueKind = 'nothing' | 'counts' | 'logarithms' | 'scaled' | 'measurements';

/** Logarithms of expression stay below this: e^25 molecules are in no cell. */
const LARGEST_LOGARITHM = 25;

/** Collects what values look like while they are read; zeros that a sparse matrix does not store go unseen. */
export class ValueProfile {
  minimum = Number.POSITIVE_INFINITY;
  maximum = Number.NEGATIVE_INFINITY;
  /** Values seen. */
  count = 0;
  /** Those that are no whole numbers. */
  fractional = 0;
  /** Where the first negative value is: a cell, and a column of the matrix or a gene of the table. */
  firstNegative: { readonly cell: number; readonly column: number } | undefined;

  add(value: number, cell: number, column: number): void {
    this.count++;
    if (value < this.minimum) this.minimum = value;
    if (value > this.maximum) this.maximum = value;
    if (value !== Math.floor(value)) this.fractional++;
    if (value < 0 && this.firstNegative === undefined) this.firstNegative = { cell, column };
  }

  get kind(): ValueKind {
    if (this.count === 0 || (this.minimum === 0 && this.maximum === 0)) return 'nothing';
    if (this.minimum < 0) return 'scaled';
    if (this.fractional === 0) return 'counts';
    return this.maximum <= LARGEST_LOGARITHM ? 'logarithms' : 'measurements';
  }

  /** Such as `whole numbers from 0 to 58: counts`. */
  describe(): string {
    const range = `from ${rounded(this.minimum)} to ${rounded(this.maximum)}`;
    switch (this.kind) {
      case 'nothing':
        return 'no value differs from 0';
      case 'counts':
        return `whole numbers ${range}: counts`;
      case 'logarithms':
        return `fractions ${range}: logarithms`;
      case 'scaled':
        return `negative ones among them, ${range}: centred or scaled`;
      case 'measurements':
        return `fractions ${range}: neither counts nor logarithms`;
    }
  }
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(6)));
}
