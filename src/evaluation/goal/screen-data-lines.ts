import { listNames } from '../../data/cells/list-names.js';
import type { ScreenData, ScreenRecord } from './read-screen.js';
import { screenGraphLines } from './screen-graph.js';

/** Labels that are told apart on the terminal; the rest is added up. */
const LABELS_SHOWN = 12;
const CONDITIONS_SHOWN = 40;

/** What was read and what was left out, line by line. */
export function screenDataLines(data: ScreenData | ScreenRecord): string[] {
  const { file, layout, cells, genes, transform, values, conditions, passedOver, warnings } = data;
  return [
    `${file}: ${cells} cells x ${genes} genes (${layout}); ${values.description}; transform ${transform}`,
    `used: ${listNames(
      conditions.map(({ label, cells: used }) => `${label} ${used}`),
      CONDITIONS_SHOWN,
    )} cells`,
    ...withoutCounts(data),
    ...leftOut(data),
    ...passedOver.map(({ columns, reason }) => `columns left out, which ${reason}: ${listNames(columns)}`),
    ...('graph' in data ? screenGraphLines(data.graph) : []),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
}

function withoutCounts({ conditions }: ScreenData): string[] {
  const empty = conditions.filter(({ withoutCounts: count }) => count > 0);
  if (empty.length === 0) return [];
  const total = empty.reduce((sum, { withoutCounts: count }) => sum + count, 0);
  return [
    `left out: ${cellCount(total)} without counts (${listNames(
      empty.map(({ label, withoutCounts: count }) => `${label} ${count}`),
      CONDITIONS_SHOWN,
    )})`,
  ];
}

function leftOut({ leftOut: groups }: ScreenData): string[] {
  const shown = groups.slice(0, LABELS_SHOWN);
  const rest = groups.slice(LABELS_SHOWN);
  const lines = shown.map(({ label, cells, reason }) =>
    label === null
      ? `left out: ${cellCount(cells)} without a label`
      : `left out: ${cellCount(cells)} '${label}': ${reason}`,
  );
  if (rest.length === 0) return lines;
  const total = rest.reduce((sum, { cells }) => sum + cells, 0);
  return [...lines, `left out: ${cellCount(total)} of ${rest.length} further labels; data.json lists all of them`];
}

function cellCount(count: number): string {
  return `${count} ${count === 1 ? 'cell' : 'cells'}`;
}
