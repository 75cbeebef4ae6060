import { nearestName } from '../../core/config/nearest-name.js';

// What a label that names no gene may have meant.

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/** Genes that spreadsheets take for dates: SEPT2, SEPTIN2, MARCH1, MARCHF1, MARC1, DEC1, OCT4, ... */
const DATE_LIKE_GENE = /^(JAN|FEB|MARCHF?|MARC|MAR|APR|MAY|JUN|JUL|AUG|SEPTIN|SEPT|SEP|OCT|NOV|DEC)[-_ ]?0?(\d{1,2})$/;

/** What spreadsheets make of them: 2-Sep, Sep-02, 2-Sept. */
const SHORT_DATE = /^(?:0?(\d{1,2})[-/. ]([A-Z]{3,4})|([A-Z]{3,4})[-/. ]0?(\d{1,2}))$/;

/** 2024-09-02, also with a time. */
const LONG_DATE = /^\d{4}-(\d{2})-(\d{2})(?:[T ].*)?$/;

/** Month and day that a gene name or what a spreadsheet made of one stands for, such as `9/2`. */
function dateOf(name: string): string | undefined {
  const text = name.toUpperCase();
  const long = LONG_DATE.exec(text);
  if (long !== null) return `${Number(long[1])}/${Number(long[2])}`;
  const short = SHORT_DATE.exec(text);
  const gene = DATE_LIKE_GENE.exec(text);
  const month = (short?.[2] ?? short?.[3] ?? gene?.[1])?.slice(0, 3);
  const day = short?.[1] ?? short?.[4] ?? gene?.[2];
  const position = month === undefined ? -1 : MONTHS.indexOf(month);
  return position === -1 ? undefined : `${position + 1}/${Number(day)}`;
}

function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[-_. :/]/g, '');
}

/** Beyond so many comparisons of letters, typing errors are not looked for. */
const MOST_COMPARISONS = 2e5;

/** Finds the gene that a label was probably meant to name. */
export class GeneNames {
  readonly #genes: readonly string[];
  readonly #exact: ReadonlySet<string>;
  readonly #bare: ReadonlyMap<string, string>;
  readonly #dates: ReadonlyMap<string, string>;
  #comparisons = 0;

  constructor(genes: readonly string[]) {
    this.#genes = genes;
    this.#exact = new Set(genes);
    this.#bare = new Map(genes.map((gene) => [bare(gene), gene]));
    this.#dates = new Map(
      genes.flatMap((gene) => {
        const date = dateOf(gene);
        return date === undefined ? [] : [[date, gene] as const];
      }),
    );
  }

  /** A gene of the table in place of the label, and why; undefined where nothing is near. */
  suggest(label: string): string | undefined {
    const same = this.#bare.get(bare(label));
    if (same !== undefined) return `the table has '${same}'`;
    const date = this.#dates.get(dateOf(label) ?? '');
    if (date !== undefined) return `the table has '${date}', as spreadsheets turn such names into dates`;
    const part = label.split(/[-_.:\s]+/).find((piece) => this.#exact.has(piece));
    if (part !== undefined) return `it contains the gene '${part}'; label cells by the gene alone`;
    const stem = [label.replace(/^sg/i, ''), label.replace(/(sg|g|KO|KD)?\d*$/, '')].find((one) =>
      this.#exact.has(one),
    );
    if (stem !== undefined) return `it contains the gene '${stem}'; label cells by the gene alone`;
    this.#comparisons += this.#genes.length;
    const near = this.#comparisons > MOST_COMPARISONS ? undefined : nearestName(label, this.#genes);
    return near === undefined ? undefined : `is it '${near}'?`;
  }
}
