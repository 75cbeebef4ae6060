// Shapes: p genes of the model.

/** Cells under one condition. */
export interface CellPopulation {
  /** [n, p], centred on the mean of the control cells; in an order that only their values decide. */
  readonly cells: Float64Array;
  /** [p] */
  readonly mean: Float64Array;
}

/** A measured screen of single-gene knockouts as a finite set of shift interventions. */
export interface KnockoutScreen {
  /** [p] */
  readonly genes: readonly string[];
  readonly control: CellPopulation;
  /** [p], of the control cells. */
  readonly variances: Float64Array;
  /** Standard deviation of the control cells, over genes: the unit of the values, whatever they are measured in. */
  readonly unit: number;
  /** [p], the cells in which each gene was knocked out. */
  readonly knockouts: readonly CellPopulation[];
  /** [p], the shift that stands for each knockout: minus the gene's mean among the control cells, 0 elsewhere. */
  readonly candidates: readonly Float64Array[];
}

export interface ScreenCellsByCondition {
  /** [p] */
  readonly genes: readonly string[];
  /** [n, p] */
  readonly control: Float64Array;
  /** [p] of [n, p] */
  readonly knockouts: readonly Float64Array[];
}

/**
 * The idealised model of Zhang et al. 2023: a knockout of gene i is a shift by minus its observational mean. Means, and the
 * order of cells from which random ones are drawn, do not depend on the order in which the cells came.
 */
export function knockoutScreen({ genes, control, knockouts }: ScreenCellsByCondition): KnockoutScreen {
  const size = genes.length;
  const sortedControl = sortedCells(control, size);
  const controlMean = columnMeans(sortedControl, size);
  const population = (sorted: Float64Array): CellPopulation => {
    const centred = sorted.map((value, entry) => value - controlMean[entry % size]!);
    return { cells: centred, mean: columnMeans(centred, size) };
  };
  const controlCells = population(sortedControl);
  const variances = columnMeans(
    controlCells.cells.map((value) => value * value),
    size,
  );
  return {
    genes,
    control: controlCells,
    variances,
    unit: Math.sqrt(variances.reduce((sum, variance) => sum + variance, 0) / size),
    knockouts: knockouts.map((cells) => population(sortedCells(cells, size))),
    candidates: genes.map((_, i) => controlMean.map((mean, j) => (i === j ? -mean : 0))),
  };
}

/**
 * The rows of `cells` [n, p] by their first value, among equals by the second, and so on; values that agree to 24 bits are equal
 * at first, so that the rounding of another unit does not change the order.
 */
function sortedCells(cells: Float64Array, size: number): Float64Array {
  const rounded = Float32Array.from(cells);
  const compare = (values: ArrayLike<number>, a: number, b: number): number => {
    for (let i = 0; i < size; i++) {
      const difference = values[a * size + i]! - values[b * size + i]!;
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const order = Array.from({ length: cells.length / size }, (_, cell) => cell).sort(
    (a, b) => compare(rounded, a, b) || compare(cells, a, b),
  );
  const sorted = new Float64Array(cells.length);
  order.forEach((cell, row) => {
    sorted.set(cells.subarray(cell * size, (cell + 1) * size), row * size);
  });
  return sorted;
}

function columnMeans(cells: Float64Array, size: number): Float64Array {
  const means = new Float64Array(size);
  for (let entry = 0; entry < cells.length; entry++) means[entry % size]! += cells[entry]!;
  return means.map((sum) => (sum * size) / cells.length);
}
