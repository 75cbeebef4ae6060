import { CausalPilotError } from '../../../core/errors.js';
import type { CellSource, PassedOver } from '../../data/cells/cell-source.js';
import { listNames } from '../../data/cells/list-names.js';
import type { ValueKind, ValueProfile } from '../../data/cells/value-profile.js';
import { logNormalise } from '../../data/log-normalise.js';
import { openCells } from '../../data/open-cells.js';
import type { ScreenStudyConfig } from './goal-study-config.js';
import { type KnockoutScreen, knockoutScreen } from './knockout-screen.js';
import { checkCollinear, checkConstants, checkOrigin, checkRange, checkSizes } from './screen-checks.js';
import type { ScreenGraph } from './screen-graph.js';
import { type LeftOutCells, type ScreenConditions, screenConditions } from './screen-labels.js';

// Shapes: m cells that are used, p genes of the model.

/** What was read from a table of cells, and what was not. */
export interface ScreenData {
  readonly file: string;
  /** Which matrix it is and how it is stored. */
  readonly layout: string;
  /** In the table. */
  readonly cells: number;
  /** In the table. */
  readonly genes: number;
  readonly transform: ScreenStudyConfig['transform'];
  /** As they stand in the file. */
  readonly values: {
    readonly kind: ValueKind;
    readonly minimum: number;
    readonly maximum: number;
    readonly description: string;
  };
  /** The control first, then the knockouts. */
  readonly conditions: readonly MeasuredCondition[];
  readonly leftOut: readonly LeftOutCells[];
  readonly passedOver: readonly PassedOver[];
  readonly warnings: readonly string[];
}

/** The same with the graph that was learned from the control cells. */
export interface ScreenRecord extends ScreenData {
  readonly graph: ScreenGraph;
}

export interface MeasuredCondition {
  readonly label: string;
  readonly kind: 'control' | 'knockout';
  /** That are used. */
  readonly cells: number;
  /** Left out because no gene was counted in them. */
  readonly withoutCounts: number;
}

export interface ReadScreen {
  readonly screen: KnockoutScreen;
  readonly data: ScreenData;
}

/**
 * Reads the screen of a study from its table; only the genes of the model and, for log-normalise, the total of each cell are
 * kept.
 *
 * @throws CausalPilotError E_INPUT naming file, cell and gene of what cannot be used.
 */
export async function readScreen(study: ScreenStudyConfig): Promise<ReadScreen> {
  const source = await openCells(study.file, study);
  try {
    return await readOpenScreen(source, study);
  } finally {
    source.close();
  }
}

async function readOpenScreen(source: CellSource, study: ScreenStudyConfig): Promise<ReadScreen> {
  const conditions = screenConditions(source, study);
  const { columns, genes, conditionOfCell } = conditions;
  const cells = Int32Array.from(conditionOfCell.keys()).filter((cell) => conditionOfCell[cell] !== -1);
  const totals = study.transform === 'log-normalise';
  const read = await source.read({ columns, cells, totals });
  refuseNegatives(source, study, read.profile);
  const hasCounts = cells.map((_, at) => (read.totals === undefined || read.totals[at] !== 0 ? 1 : 0));
  if (read.totals !== undefined) logNormalise(read.values, read.totals);
  const groups = groupCells(read.values, { cells, hasCounts, conditions });
  const used = groups.map((group) => group.length / genes.length);
  checkSizes(source, study, genes, used);
  const [control, ...knockouts] = groups as [Float64Array, ...Float64Array[]];
  checkConstants(source, genes, control);
  const screen = knockoutScreen({ genes, control, knockouts });
  checkRange(source, screen);
  checkOrigin(source, screen);
  checkCollinear(source, screen);
  const { minimum, maximum, kind } = read.profile;
  return {
    screen,
    data: {
      file: source.file,
      layout: source.layout,
      cells: source.cells,
      genes: source.genes.length,
      transform: study.transform,
      values: { kind, minimum, maximum, description: read.profile.describe() },
      conditions: [study.control, ...genes].map((label, condition) => ({
        label,
        kind: condition === 0 ? 'control' : 'knockout',
        cells: used[condition]!,
        withoutCounts: cells.filter((cell, at) => conditionOfCell[cell] === condition && hasCounts[at] === 0).length,
      })),
      leftOut: conditions.leftOut,
      passedOver: source.passedOver,
      warnings: [...valueWarnings(study, kind), ...repetitionWarnings(study, genes, used)],
    },
  };
}

function refuseNegatives(source: CellSource, { transform }: ScreenStudyConfig, { firstNegative }: ValueProfile): void {
  if (transform !== 'log-normalise' || firstNegative === undefined) return;
  const { cell, column } = firstNegative;
  throw new CausalPilotError(
    'E_INPUT',
    `${source.file}, ${source.nameCell(cell)}, gene '${source.genes[column]}': a negative value, but log-normalise needs counts; use transform=none for values that are logarithms or scaled already`,
  );
}

interface Grouping {
  /** [m] */
  readonly cells: Int32Array;
  /** [m] */
  readonly hasCounts: Int32Array;
  readonly conditions: ScreenConditions;
}

/** The cells of each condition, [n, p] each, without those that have no counts. */
function groupCells(values: Float64Array, { cells, hasCounts, conditions }: Grouping): Float64Array[] {
  const { genes, conditionOfCell } = conditions;
  const size = genes.length;
  const members: number[][] = Array.from({ length: size + 1 }, () => []);
  cells.forEach((cell, at) => {
    if (hasCounts[at] === 1) members[conditionOfCell[cell]!]!.push(at);
  });
  return members.map((positions) => {
    const group = new Float64Array(positions.length * size);
    positions.forEach((at, row) => {
      group.set(values.subarray(at * size, (at + 1) * size), row * size);
    });
    return group;
  });
}

function valueWarnings({ transform }: ScreenStudyConfig, kind: ValueKind): string[] {
  if (kind === 'nothing') return ['no value differs from 0'];
  if (transform === 'none' && kind === 'counts')
    return ['the values look like counts, but transform is none; counts need transform=log-normalise'];
  if (transform === 'none' && kind === 'measurements')
    return ['the values look neither like counts nor like logarithms; the regressions take them as they are'];
  if (transform === 'none' && kind === 'scaled')
    return [
      'there are negative values, as in centred or scaled data; a knockout is taken as a shift by minus the control mean, which fits only where 0 means no expression',
    ];
  if (transform === 'log-normalise' && kind === 'logarithms')
    return ['the values look like logarithms already, but are taken as counts; logarithms need transform=none'];
  if (transform === 'log-normalise' && kind === 'measurements')
    return ['the values are no whole numbers, but are taken as counts'];
  return [];
}

/** Where cells must be drawn more than once. */
function repetitionWarnings(
  { warmUpCells, rows, budget, control }: ScreenStudyConfig,
  genes: readonly string[],
  used: readonly number[],
): string[] {
  const few = genes.filter((_, i) => used[i + 1]! < rows);
  const scarce = genes.filter((_, i) => used[i + 1]! >= rows && used[i + 1]! < rows * budget);
  return [
    ...(warmUpCells > used[0]!
      ? [`the warm-up draws ${warmUpCells} cells from ${used[0]} of '${control}', some more than once`]
      : []),
    ...(few.length > 0
      ? [`an experiment draws ${rows} cells, some more than once where there are fewer: ${listNames(few)}`]
      : []),
    ...(scarce.length > 0
      ? [`knockouts that are repeated may run out of fresh cells and draw some again: ${listNames(scarce)}`]
      : []),
  ];
}
