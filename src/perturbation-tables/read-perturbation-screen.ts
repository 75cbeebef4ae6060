import { columnMeans } from '../../core/causal/column-moments.js';
import type { PerturbationData } from '../../core/causal/perturbation-data.js';
import { CausalPilotError } from '../../core/errors.js';
import type { CellSource } from '../data/cells/cell-source.js';
import { listNames } from '../data/cells/list-names.js';
import { logNormalise } from '../data/log-normalise.js';
import { openCells } from '../data/open-cells.js';
import type { FeatureRow, FeatureTable } from './feature-table.js';

// Shapes: g genes of the table, d genes of the model, n cells of a condition.

export interface PerturbationTableOptions {
  readonly perturbationColumn: string;
  /** Label of cells without a perturbation. */
  readonly control: string;
  /** Of values: `log-normalise` for counts. */
  readonly transform: 'none' | 'log-normalise';
  /** Genes of the model, at most: those whose means differ most between perturbations, in control deviations. */
  readonly variables: number;
}

/** A screen read from a table of cells, with names. */
export interface ReadPerturbationScreen {
  readonly data: PerturbationData;
  /** [d] */
  readonly variables: readonly string[];
  /** Labels of the contexts, in order. */
  readonly labels: readonly string[];
  /** Perturbations that are described but have fewer than two cells. */
  readonly withoutCells: readonly string[];
}

const FEWEST_CELLS = 2;

/**
 * Cells of a table (.csv, .tsv, .h5ad) with the features of their perturbations.
 *
 * @throws CausalPilotError E_INPUT for labels without features, missing control cells and values that are no numbers.
 */
export async function readPerturbationScreen(
  path: string,
  table: FeatureTable,
  options: PerturbationTableOptions,
): Promise<ReadPerturbationScreen> {
  const source = await openCells(path, { perturbationColumn: options.perturbationColumn, ignoredColumns: [] });
  try {
    return await readOpen(source, table, options);
  } finally {
    source.close();
  }
}

async function readOpen(
  source: CellSource,
  table: FeatureTable,
  options: PerturbationTableOptions,
): Promise<ReadPerturbationScreen> {
  const { names, codes } = source.labels;
  const known = new Map(table.rows.map((row) => [row.label, row]));
  const control = names.indexOf(options.control);
  if (control < 0)
    throw invalid(
      `${source.file}: no cell is labelled '${options.control}' in '${options.perturbationColumn}'; name the label of unperturbed cells by --control`,
    );
  const unknown = names.filter((name) => name !== options.control && !known.has(name));
  if (unknown.length > 0)
    throw invalid(
      `${table.file}: no features for ${listNames(unknown)}, which ${source.file} holds cells of; add a row for each`,
    );
  const cells = Int32Array.from(codes.keys()).filter((cell) => codes[cell] !== -1);
  const totals = options.transform === 'log-normalise';
  const read = await source.read({ columns: [...source.genes.keys()], cells, totals });
  if (read.totals !== undefined)
    logNormalise(
      read.values,
      read.totals.map((total) => Math.max(total, 1)),
    );
  const conditions = groupRows(read.values, source.genes.length, { cells, codes, count: names.length });
  const enough = (label: number) => conditions[label]!.length >= FEWEST_CELLS * source.genes.length;
  if (!enough(control)) throw invalid(`${source.file}: '${options.control}' has fewer than ${FEWEST_CELLS} cells`);
  const used = [...names.keys()].filter((label) => label !== control && enough(label));
  if (used.length === 0) throw invalid(`${source.file}: no perturbation has ${FEWEST_CELLS} cells or more`);
  const genes = chooseGenes(
    conditions[control]!,
    used.map((label) => conditions[label]!),
    { count: source.genes.length, wanted: options.variables },
  );
  const pick = (values: Float64Array) => pickColumns(values, source.genes.length, genes);
  const rows = used.map((label) => known.get(names[label]!) as FeatureRow);
  return {
    data: {
      size: genes.length,
      observational: pick(conditions[control]!),
      contexts: used.map((label, at) => ({
        features: rows[at]!.values,
        group: rows[at]!.group,
        values: pick(conditions[label]!),
      })),
      doseFeature: table.doseFeature,
    },
    variables: genes.map((gene) => source.genes[gene]!),
    labels: rows.map(({ label }) => label),
    withoutCells: table.rows.map(({ label }) => label).filter((label) => !rows.some((row) => row.label === label)),
  };
}

interface Labelled {
  readonly cells: Int32Array;
  readonly codes: Int32Array;
  readonly count: number;
}

function groupRows(values: Float64Array, width: number, { cells, codes, count }: Labelled): Float64Array[] {
  const rows: number[][] = Array.from({ length: count }, () => []);
  cells.forEach((cell, at) => {
    rows[codes[cell]!]!.push(at);
  });
  return rows.map((own) => {
    const group = new Float64Array(own.length * width);
    own.forEach((at, row) => {
      group.set(values.subarray(at * width, (at + 1) * width), row * width);
    });
    return group;
  });
}

/** Positions of the genes whose means differ most between conditions; genes that never vary in the control are left out. */
function chooseGenes(
  control: Float64Array,
  perturbed: readonly Float64Array[],
  { count, wanted }: { readonly count: number; readonly wanted: number },
): number[] {
  const still = columnMeans(control, count);
  const variances = columnMeans(
    control.map((value, entry) => (value - still[entry % count]!) ** 2),
    count,
  );
  const effects = new Float64Array(count);
  for (const values of perturbed) {
    const mean = columnMeans(values, count);
    for (let gene = 0; gene < count; gene++) effects[gene]! += (mean[gene]! - still[gene]!) ** 2 / variances[gene]!;
  }
  return [...effects.keys()]
    .filter((gene) => variances[gene]! > 0)
    .sort((a, b) => effects[b]! - effects[a]!)
    .slice(0, wanted)
    .sort((a, b) => a - b);
}

function pickColumns(values: Float64Array, width: number, columns: readonly number[]): Float64Array {
  const rows = values.length / width;
  return Float64Array.from(
    { length: rows * columns.length },
    (_, entry) => values[Math.floor(entry / columns.length) * width + columns[entry % columns.length]!]!,
  );
}

function invalid(message: string): CausalPilotError {
  return new CausalPilotError('E_INPUT', message);
}
