import { CausalPilotError } from '../errors.js';
import { type RowSets, squaredDistances } from './point-distances.js';

export interface SinkhornOptions {
  /** What one unit of mass pays: |u-v|^2 (no factor 1/2) or |u-v|. */
  readonly cost: 'squaredEuclidean' | 'euclidean';
  /** Weight of KL(P | a b'), in units of the cost. */
  readonly regularisation: number;
  /** Largest error of a marginal, as a share of all mass. @defaultValue 1e-10 */
  readonly tolerance?: number;
  /** @defaultValue 100000 */
  readonly maximumIterations?: number;
}

export interface SinkhornResult {
  /** <P, C> at the optimal P. */
  readonly transportCost: number;
  /** <P, C> + regularisation KL(P | a b'). */
  readonly objective: number;
}

/**
 * Entropic optimal transport of uniform weights by Sinkhorn's iterations on log potentials (Cuturi 2013).
 *
 * @throws CausalPilotError E_NUMERIC where the marginals have not converged.
 */
export function sinkhorn(sets: RowSets, options: SinkhornOptions): SinkhornResult {
  const { cost, regularisation, tolerance = 1e-10, maximumIterations = 100_000 } = options;
  const squares = squaredDistances(sets);
  const costs = cost === 'euclidean' ? squares.map(Math.sqrt) : squares;
  const rows = sets.x.length / sets.size;
  const problem = { costs, rows, columns: costs.length / rows, regularisation };
  const f = new Float64Array(rows);
  const g = new Float64Array(problem.columns);
  const own = sets.x === sets.y;
  for (let iteration = 0; iteration < maximumIterations; iteration++) {
    const old = f.slice();
    const error = updateRows(problem, f, g);
    if (iteration > 0 && error < tolerance) return summarise(problem, f, g);
    // Of a set with itself both potentials are one; halving its steps converges fast where turns take forever (Feydy et al. 2019).
    if (own) halveStep(f, g, old);
    else updateColumns(problem, f, g);
  }
  throw new CausalPilotError(
    'E_NUMERIC',
    `sinkhorn: marginals have not converged in ${maximumIterations} iterations; raise regularisation (${regularisation})`,
  );
}

/** S(x, y) - (S(x, x) + S(y, y)) / 2 of the objectives: 0 only for equal sets (Feydy et al. 2019). */
export function sinkhornDivergence({ x, y, size }: RowSets, options: SinkhornOptions): number {
  const own = (a: ArrayLike<number>) => sinkhorn({ x: a, y: a, size }, options).objective;
  return sinkhorn({ x, y, size }, options).objective - (own(x) + own(y)) / 2;
}

interface Problem {
  readonly costs: Float64Array;
  readonly rows: number;
  readonly columns: number;
  readonly regularisation: number;
}

/** New row potentials in place; returns the error of the row marginals that the old ones had. */
function updateRows({ costs, rows, columns, regularisation }: Problem, f: Float64Array, g: Float64Array): number {
  let error = 0;
  for (let i = 0; i < rows; i++) {
    const term = (j: number) => (g[j]! - costs[i * columns + j]!) / regularisation;
    const updated = -regularisation * (logSumExp(columns, term) - Math.log(columns));
    error += Math.abs(Math.expm1((f[i]! - updated) / regularisation)) / rows;
    f[i] = updated;
  }
  return error;
}

function updateColumns({ costs, rows, columns, regularisation }: Problem, f: Float64Array, g: Float64Array): void {
  for (let j = 0; j < columns; j++) {
    const term = (i: number) => (f[i]! - costs[i * columns + j]!) / regularisation;
    g[j] = -regularisation * (logSumExp(rows, term) - Math.log(rows));
  }
}

/** Both potentials half-way between the old one and the new `f`. */
function halveStep(f: Float64Array, g: Float64Array, old: Float64Array): void {
  for (let i = 0; i < f.length; i++) f[i] = (f[i]! + old[i]!) / 2;
  g.set(f);
}

function logSumExp(count: number, term: (index: number) => number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < count; index++) largest = Math.max(largest, term(index));
  let sum = 0;
  for (let index = 0; index < count; index++) sum += Math.exp(term(index) - largest);
  return largest + Math.log(sum);
}

function summarise({ costs, rows, columns, regularisation }: Problem, f: Float64Array, g: Float64Array) {
  let transportCost = 0;
  let divergence = 0;
  for (let entry = 0; entry < costs.length; entry++) {
    const logRatio = (f[Math.floor(entry / columns)]! + g[entry % columns]! - costs[entry]!) / regularisation;
    const mass = Math.exp(logRatio) / (rows * columns);
    transportCost += mass * costs[entry]!;
    divergence += mass * logRatio;
  }
  return { transportCost, objective: transportCost + regularisation * divergence };
}
