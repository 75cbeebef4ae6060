import { CausalPilotError } from '../../../core/errors.js';
import type { RandomStream } from '../../../core/random/stream.js';
import type { CellTable } from '../../data/cell-table.js';

// Shapes: p genes of the model.

/** Cells under one condition. */
export interface CellPopulation {
  /** [n, p], centred on the mean of the control cells. */
  readonly cells: Float64Array;
  /** [p] */
  readonly mean: Float64Array;
}

/** A measured screen of single-gene knockouts as a finite set of shift interventions. */
export interface KnockoutScreen {
  /** [p] */
  readonly genes: readonly string[];
  readonly control: CellPopulation;
  /** [p], the cells in which each gene was knocked out. */
  readonly knockouts: readonly CellPopulation[];
  /** [p], the shift that stands for each knockout: minus the gene's mean among the control cells, 0 elsewhere. */
  readonly candidates: readonly Float64Array[];
}

export interface KnockoutScreenOptions {
  readonly control: string;
  /** @defaultValue all genes that are knocked out */
  readonly genes?: readonly string[];
}

/**
 * The screen in a table of cells, in the idealised model of Zhang et al. 2023: a knockout of gene i is a shift by minus its
 * observational mean. Cells with other perturbations are left out.
 *
 * @throws CausalPilotError E_INPUT when control cells or the cells of a wanted gene are missing.
 */
export function knockoutScreen(table: CellTable, { control, genes: wanted }: KnockoutScreenOptions): KnockoutScreen {
  const labels = new Set(table.perturbations);
  const genes = wanted ?? table.genes.filter((gene) => labels.has(gene));
  if (!labels.has(control))
    throw new CausalPilotError(
      'E_INPUT',
      `cells: none is labelled '${control}' (control); the labels are ${preview([...labels])}`,
    );
  if (genes.length === 0)
    throw new CausalPilotError(
      'E_INPUT',
      `cells: no label names a gene of the table; the labels are ${preview([...labels])}, the genes ${preview(table.genes)}`,
    );
  const columns = genes.map((gene) => {
    const column = table.genes.indexOf(gene);
    if (column === -1) throw new CausalPilotError('E_INPUT', `cells: there is no gene '${gene}' in the table`);
    if (!labels.has(gene)) throw new CausalPilotError('E_INPUT', `cells: gene '${gene}' is knocked out in no cell`);
    return column;
  });
  const select = (label: string): Float64Array => selectCells(table, label, columns);
  const controlCells = select(control);
  const controlMean = columnMeans(controlCells, genes.length);
  const population = (cells: Float64Array): CellPopulation => {
    const centred = cells.map((value, entry) => value - controlMean[entry % genes.length]!);
    return { cells: centred, mean: columnMeans(centred, genes.length) };
  };
  return {
    genes,
    control: population(controlCells),
    knockouts: genes.map((gene) => population(select(gene))),
    candidates: genes.map((_, i) => controlMean.map((mean, j) => (i === j ? -mean : 0))),
  };
}

/** `count` cells [count, p]: different ones where there are enough, else with repetition. */
export function drawCells(population: CellPopulation, count: number, stream: RandomStream): Float64Array {
  const size = population.mean.length;
  const available = population.cells.length / size;
  const chosen =
    count <= available
      ? stream.choose(available, count)
      : Int32Array.from({ length: count }, () => stream.integer(available));
  const drawn = new Float64Array(count * size);
  chosen.forEach((cell, row) => {
    drawn.set(population.cells.subarray(cell * size, (cell + 1) * size), row * size);
  });
  return drawn;
}

function selectCells({ genes, values, perturbations }: CellTable, label: string, columns: readonly number[]) {
  const selected: number[] = [];
  perturbations.forEach((perturbation, cell) => {
    if (perturbation === label) for (const column of columns) selected.push(values[cell * genes.length + column]!);
  });
  return Float64Array.from(selected);
}

function columnMeans(cells: Float64Array, size: number): Float64Array {
  const means = new Float64Array(size);
  for (let entry = 0; entry < cells.length; entry++) means[entry % size]! += cells[entry]!;
  return means.map((sum) => (sum * size) / cells.length);
}

function preview(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `${shown}, ...` : shown;
}
