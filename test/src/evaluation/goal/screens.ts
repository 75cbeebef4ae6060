import { writeFileSync } from 'node:fs';
import { RandomStream } from '../../../../core/random/stream.js';
import { GoalStudyConfig, type ScreenStudyConfig } from '../../../../src/evaluation/goal/goal-study-config.js';
import { measure, randomSystem } from '../../../models/civ/systems.js';

/** Cells of a text table. Shapes: n cells, g genes. */
export interface ScreenTable {
  readonly genes: readonly string[];
  /** [n, g] */
  readonly values: Float64Array;
  /** [n] */
  readonly labels: readonly string[];
}

export function writeScreen(path: string, { genes, values, labels }: ScreenTable): string {
  const lines = labels.map((label, cell) =>
    [...values.subarray(cell * genes.length, (cell + 1) * genes.length), label].join(','),
  );
  writeFileSync(path, [[...genes, 'perturbation'].join(','), ...lines].join('\n'));
  return path;
}

/** The same cells with genes and cells in other places: gene `columns[i]` comes i-th, cell `rows[i]` likewise. */
export function permuted(table: ScreenTable, columns: ArrayLike<number>, rows: ArrayLike<number>): ScreenTable {
  const { genes, values, labels } = table;
  return {
    genes: Array.from(columns, (column) => genes[column]!),
    labels: Array.from(rows, (row) => labels[row]!),
    values: Float64Array.from(
      Array.from(rows).flatMap((row) => Array.from(columns, (column) => values[row * genes.length + column]!)),
    ),
  };
}

/** A screen that the model describes exactly: a linear system about a mean of 3, knockouts as shifts by -3. */
export function linearScreen(size: number, cellsEach: number): ScreenTable {
  const stream = new RandomStream('screen-study');
  const system = randomSystem(stream.child('linear', size), size, 0.6);
  const genes = Array.from({ length: size }, (_, i) => `g${i}`);
  const values: number[] = [];
  const labels: string[] = [];
  for (const [label, target, cells] of [
    ['control', -1, 400] as const,
    ...genes.map((gene, i) => [gene, i, cellsEach] as const),
  ]) {
    const shift = Float64Array.from(genes, (_, i) => (i === target ? -3 : 0));
    for (const value of measure(system, shift, { rows: cells, stream: stream.child('cells', label) }))
      values.push(3 + value);
    for (let cell = 0; cell < cells; cell++) labels.push(label);
  }
  return { genes, values: Float64Array.from(values), labels };
}

export function screenStudy(file: string, extra: Record<string, unknown> = {}): ScreenStudyConfig {
  return GoalStudyConfig.parse({
    study: 'screen',
    file,
    runs: 12,
    budget: 6,
    rows: 5,
    warmUpCells: 30,
    strategies: ['civ', 'greedy'],
    bootstrapSamples: 200,
    ...extra,
  }) as ScreenStudyConfig;
}
