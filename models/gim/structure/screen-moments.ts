import { columnMeans, scatterAbout } from '../../../core/causal/column-moments.js';
import { checkPerturbationData, type PerturbationData } from '../../../core/causal/perturbation-data.js';
import { CausalPilotError } from '../../../core/errors.js';
import type { MechanismBasis } from './basis.js';

// Shapes: d variables, b basis functions, D = d b columns (variable i has columns i b ... i b + b - 1), K contexts.

/** Moments of one context about the observational mean. */
export interface ContextMoments {
  readonly rows: number;
  /** [D]: mean of the rows less that of the observational ones. */
  readonly mean: Float64Array;
  /** [D, D]: sum of squares about the mean of the context. */
  readonly scatter: Float64Array;
}

/** All that the search for graph and targets reads of a screen, in observational standard deviations. */
export interface ScreenMoments {
  readonly size: number;
  readonly basis: MechanismBasis;
  /** [d] of the observational rows. */
  readonly means: Float64Array;
  readonly deviations: Float64Array;
  /** [D]: observational mean of every column of the basis. */
  readonly centre: Float64Array;
  readonly observational: ContextMoments;
  readonly contexts: readonly ContextMoments[];
  /** Sum over all rows about the observational mean, [D, D], and their number. */
  readonly total: Float64Array;
  readonly totalRows: number;
}

/** @throws CausalPilotError E_INPUT for data that do not fit, or a variable that never varies without perturbation. */
export function screenMoments(data: PerturbationData, basis: MechanismBasis): ScreenMoments {
  checkPerturbationData(data);
  const { size, observational, contexts } = data;
  const means = columnMeans(observational, size);
  const squares = scatterAbout(observational, means);
  const deviations = means.map((_, i) => Math.sqrt((squares[i * (size + 1)]! * size) / observational.length));
  const constant = deviations.findIndex((deviation) => !(deviation > 0));
  if (constant >= 0)
    throw new CausalPilotError(
      'E_INPUT',
      `gim: variable ${constant} never varies in the observational rows; leave it out`,
    );
  const scale = { size, basis, means, deviations };
  const expanded = basisColumns(observational, scale);
  const width = size * basis.functions.length;
  const centre = columnMeans(expanded, width);
  const moments = [expanded, ...contexts.map(({ values }) => basisColumns(values, scale))].map((columns) =>
    contextMoments(columns, centre),
  );
  const [undisturbed, ...disturbed] = moments as [ContextMoments, ...ContextMoments[]];
  const total = new Float64Array(width * width);
  for (const one of moments) addScatterAboutCentre(total, one, 1);
  const totalRows = moments.reduce((sum, { rows }) => sum + rows, 0);
  return { ...scale, centre, observational: undisturbed, contexts: disturbed, total, totalRows };
}

/** What turns values into columns of the basis. */
export type BasisScale = Pick<ScreenMoments, 'size' | 'basis' | 'means' | 'deviations'>;

/** [n, D] of rows [n, d]. */
export function basisColumns(values: ArrayLike<number>, { size, basis, means, deviations }: BasisScale): Float64Array {
  const { functions } = basis;
  const columns = new Float64Array(values.length * functions.length);
  for (let entry = 0; entry < values.length; entry++) {
    const x = (values[entry]! - means[entry % size]!) / deviations[entry % size]!;
    for (let c = 0; c < functions.length; c++) columns[entry * functions.length + c] = functions[c]!(x);
  }
  return columns;
}

function contextMoments(columns: Float64Array, centre: Float64Array): ContextMoments {
  const mean = columnMeans(columns, centre.length);
  return {
    rows: columns.length / centre.length,
    scatter: scatterAbout(columns, mean),
    mean: mean.map((value, c) => value - centre[c]!),
  };
}

function addScatterAboutCentre(sum: Float64Array, { scatter, mean, rows }: ContextMoments, sign: 1 | -1): void {
  for (let entry = 0; entry < sum.length; entry++) sum[entry]! += sign * scatter[entry]!;
  addOuterProduct(sum, mean, sign * rows);
}

/** sum += weight mean mean', [D, D]. */
export function addOuterProduct(sum: Float64Array, mean: Float64Array, weight: number): void {
  const width = mean.length;
  for (let i = 0; i < width; i++) {
    const factor = weight * mean[i]!;
    for (let j = 0; j < width; j++) sum[i * width + j]! += factor * mean[j]!;
  }
}
