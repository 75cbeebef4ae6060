/** One cell of a heat map, in whole columns and rows from the top left. */
export interface HeatmapCell {
  readonly column: number;
  readonly row: number;
  /** In [0, 1]: white to the full colour. */
  readonly level: number;
  readonly text?: string;
  /** Outlined cells carry what the heat map is about; omitted or undefined for none. */
  readonly outline?: string;
}

export interface HeatmapOptions {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  readonly columnTitle: string;
  readonly rowTitle: string;
  /** Full colour as [red, green, blue]. */
  readonly colour: readonly [number, number, number];
}

/** Light enough at full level for black text. */
export const BLUE = [107, 174, 214] as const;
export const GREY = [160, 160, 160] as const;

const LARGEST_CELL = 42;
const SMALLEST_CELL = 12;
/** Pixels that the longer side of a heat map may take, as far as cells stay visible. */
const EXTENT = 300;
/** Cells that are smaller have no room for text. */
const CELL_WITH_TEXT = 22;

/** A Vega-Lite view: cells, then their outlines, then their texts. */
export function heatmapView(cells: readonly HeatmapCell[], options: HeatmapOptions): object {
  const { title, columns, rows, colour } = options;
  const side = cellSide(Math.max(columns.length, rows.length, 1));
  const values = cells.map(({ column, row, level, text = '', outline = 'none' }) => {
    const position = { column: columns[column] ?? '', row: rows[row] ?? '' };
    return { ...position, fill: mix(colour, level), text, outline };
  });
  const position = { x: axis('column', columns, options.columnTitle), y: axis('row', rows, options.rowTitle) };
  const literal = (field: string): object => ({ field, type: 'nominal', scale: null });
  return {
    title: { text: title, anchor: 'start', fontSize: 12, fontWeight: 'normal' },
    width: side * columns.length,
    height: side * rows.length,
    layer: [
      {
        data: { values },
        mark: { type: 'rect', stroke: '#ffffff', strokeWidth: 1 },
        encoding: { ...position, fill: literal('fill') },
      },
      {
        data: { values: values.filter(({ outline }) => outline !== 'none') },
        mark: { type: 'rect', filled: false, strokeWidth: 2 },
        encoding: { ...position, stroke: literal('outline') },
      },
      {
        data: { values: side < CELL_WITH_TEXT ? [] : values.filter(({ text }) => text !== '') },
        mark: { type: 'text', fontSize: side < 30 ? 8 : 10, color: '#000000' },
        encoding: { ...position, text: literal('text') },
      },
    ],
  };
}

/** Pixels of a cell where the longer side has so many. */
function cellSide(cells: number): number {
  return Math.min(LARGEST_CELL, Math.max(SMALLEST_CELL, Math.floor(EXTENT / cells)));
}

function axis(field: 'column' | 'row', names: readonly string[], title: string): object {
  return {
    field,
    type: 'ordinal',
    scale: { domain: names },
    axis: { title, labelAngle: 0, ticks: false, domain: false, grid: false },
  };
}

function mix(colour: readonly [number, number, number], level: number): string {
  const share = Math.max(0, Math.min(1, level));
  return `rgb(${colour.map((full) => Math.round(255 + share * (full - 255))).join(',')})`;
}
