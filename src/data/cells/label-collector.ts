import type { CellLabels } from './cell-source.js';

/** Takes the labels of cells one by one; each distinct text is kept once. */
export class LabelCollector {
  readonly names: string[] = [];
  readonly #codes = new Map<string, number>();
  #cells = new Int32Array(1024);
  #count = 0;

  /** `undefined` where nothing is known of the cell. */
  add(label: string | undefined): void {
    if (this.#count === this.#cells.length) {
      const larger = new Int32Array(2 * this.#count);
      larger.set(this.#cells);
      this.#cells = larger;
    }
    this.#cells[this.#count++] = label === undefined ? -1 : this.#codeOf(label);
  }

  #codeOf(label: string): number {
    const known = this.#codes.get(label);
    if (known !== undefined) return known;
    const code = this.names.length;
    this.names.push(label);
    this.#codes.set(label, code);
    return code;
  }

  finish(): CellLabels {
    return { names: this.names, codes: this.#cells.slice(0, this.#count) };
  }
}
