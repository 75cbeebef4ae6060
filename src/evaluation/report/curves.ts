import type { TopLevelSpec } from 'vega-lite';
import { describeMetric } from '../metric-descriptions.js';
import { STRATEGY_NAMES, strategyLabel } from '../strategies/registry.js';
import type { ResultRow } from '../summary.js';
import { groups, type ResultGroup } from './table.js';

/**
 * Colours of Okabe and Ito (Color Universal Design, 2008), told apart under every common colour blindness; their
 * yellow is left out, too faint for lines on white. Dashes repeat the distinction without colour.
 */
const COLOURS = ['#d55e00', '#e69f00', '#0072b2', '#56b4e9', '#000000', '#009e73', '#cc79a7', '#8a8a8a'] as const;
const DASHES = [[], [6, 3], [], [6, 3], [], [2, 2], [6, 3, 2, 3], [2, 2]] as const;

const PANEL_WIDTH = 300;
const LABEL_SPACING = 14;
const LEADER_LENGTH = 18;

const NOTHING_TO_DRAW = { data: { values: [{}] }, mark: { type: 'text', text: 'no metric is defined for any system' } };

interface StrategyStyle {
  readonly colour: string;
  readonly dash: readonly number[];
  readonly width: number;
}

/** A strategy keeps its style in every figure; unknown ones take the styles after the known ones. */
function strategyStyle(strategy: string, strategies: readonly string[]): StrategyStyle {
  const known = STRATEGY_NAMES.indexOf(strategy);
  const unknown = strategies.filter((name) => !STRATEGY_NAMES.includes(name)).indexOf(strategy);
  const index = known >= 0 ? known : STRATEGY_NAMES.length + unknown;
  return {
    colour: COLOURS[index % COLOURS.length] ?? '#000000',
    dash: DASHES[(index + Math.floor(index / COLOURS.length)) % DASHES.length] ?? [],
    width: strategy.startsWith('policy') ? 2.5 : 1.5,
  };
}

/** Mean with its 95 % band against the number of experiments in one environment: a panel per metric, two in a row. */
export function curvesSpec(group: ResultGroup<ResultRow>): TopLevelSpec {
  const panels = group.metrics
    .filter((metric) => group.rows.some((row) => row.metric === metric && row.mean !== null))
    .map((metric) => panelSpec(group, metric));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: '#ffffff',
    config: {
      // The tables say the same to those who cannot see the figure; labels on every mark would triple its size.
      aria: false,
      font: 'system-ui, sans-serif',
      axis: { gridColor: '#e6e6e6', domainColor: '#666666', tickColor: '#666666', labelColor: '#333333' },
      view: { stroke: null },
    },
    spacing: 36,
    columns: 2,
    concat: panels.length > 0 ? panels : [NOTHING_TO_DRAW],
  } as unknown as TopLevelSpec;
}

function panelSpec(group: ResultGroup<ResultRow>, metric: string): object {
  const rows = group.rows.filter((row) => row.metric === metric && row.mean !== null);
  const strategies = group.strategies.filter((strategy) => rows.some((row) => row.strategy === strategy));
  const height = Math.max(200, (strategies.length + 1) * LABEL_SPACING);
  const frame = { group, domain: valueDomain(rows), height };
  const { label, better } = describeMetric(metric);
  return {
    title: {
      text: label,
      subtitle: `${group.environment} environment; mean and 95 % band, ${better} is better`,
      anchor: 'start',
      fontSize: 13,
      subtitleColor: '#555555',
    },
    width: PANEL_WIDTH,
    height,
    layer: [...curveLayers(rows, strategies, frame), ...labelLayers(rows, strategies, frame)],
    encoding: {
      x: {
        field: 'round',
        type: 'quantitative',
        title: 'experiments',
        scale: { domain: [0, Math.max(group.rounds, 1)], nice: false },
        axis: { values: roundTicks(group.rounds), grid: false, format: 'd', tickMinStep: 0.5 },
      },
    },
  };
}

/** Looks that the data carries itself: taken as they are, without a scale. */
const STYLE_CHANNELS = {
  color: { field: 'colour', type: 'nominal', scale: null },
  strokeWidth: { field: 'width', type: 'quantitative', scale: null },
  strokeDash: { field: 'dash', type: 'nominal', scale: null },
};

/** All bands lie below all lines, and the first strategy (the policy) is drawn last, above the others. */
function curveLayers(
  rows: readonly ResultRow[],
  strategies: readonly string[],
  { group, domain }: PanelFrame,
): object[] {
  const values = strategies.toReversed().flatMap((strategy) => {
    const style = strategyStyle(strategy, group.strategies);
    return rows
      .filter((row) => row.strategy === strategy)
      .map(({ round, mean, ci95: [low, high] }) => ({ strategy, round, mean, low, high, ...style }));
  });
  const data = { values };
  const detail = { field: 'strategy', type: 'nominal' };
  const { color } = STYLE_CHANNELS;
  const position = { type: 'quantitative', title: null, scale: { domain, nice: false, zero: false } };
  const y = { field: 'mean', ...position };
  return [
    {
      data,
      // One round alone (T = 0) has no band to draw; a bar shows its interval.
      mark: group.rounds === 0 ? { type: 'rule' } : { type: 'area', opacity: 0.12 },
      encoding: { y: { field: 'low', ...position }, y2: { field: 'high' }, detail, color },
    },
    { data, mark: { type: 'line' }, encoding: { y, detail, ...STYLE_CHANNELS } },
    { data, mark: { type: 'point', filled: true, size: 18, opacity: 1 }, encoding: { y, detail, color } },
  ];
}

interface PanelFrame {
  readonly group: ResultGroup<ResultRow>;
  readonly domain: readonly [number, number];
  /** Pixels. */
  readonly height: number;
}

/** Names at the ends of the curves, moved apart where they would overlap, each tied to its curve by a short line. */
function labelLayers(rows: readonly ResultRow[], strategies: readonly string[], frame: PanelFrame): object[] {
  const { group, domain, height } = frame;
  const pixel = (value: number): number => (height * (domain[1] - value)) / (domain[1] - domain[0]);
  const ends = strategies.flatMap((strategy) => {
    const last = rows.findLast((row) => row.strategy === strategy);
    return last === undefined || last.mean === null ? [] : [{ strategy, at: pixel(last.mean) }];
  });
  ends.sort((a, b) => a.at - b.at);
  const places = spreadLabels(
    ends.map(({ at }) => at),
    LABEL_SPACING,
    height,
  );
  const labels = ends.map(({ strategy, at }, index) => ({
    ...strategyStyle(strategy, group.strategies),
    text: strategyLabel(strategy),
    at,
    place: places[index] ?? at,
  }));
  const data = { values: labels };
  const start = group.rounds === 0 ? 0 : PANEL_WIDTH;
  const pixels = (field: string): object => ({ field, type: 'quantitative', scale: null });
  return [
    {
      data,
      mark: { type: 'rule' },
      encoding: {
        x: { value: start + 4 },
        x2: { value: start + 4 + LEADER_LENGTH },
        y: pixels('at'),
        y2: { field: 'place' },
        ...STYLE_CHANNELS,
      },
    },
    {
      data,
      mark: { type: 'text', align: 'left', baseline: 'middle', fontSize: 11, color: '#222222' },
      encoding: {
        x: { value: start + 8 + LEADER_LENGTH },
        y: pixels('place'),
        text: { field: 'text', type: 'nominal' },
      },
    },
  ];
}

/**
 * Places for labels wanted at ascending positions: at least `spacing` apart, within [0, extent] where they fit, and as
 * near as possible to where they were wanted (neighbours that collide share the mean of their wishes).
 */
export function spreadLabels(wanted: readonly number[], spacing: number, extent: number): number[] {
  interface Cluster {
    readonly size: number;
    /** Sum over members of the wish for the first member's place. */
    readonly wishes: number;
  }
  const clusters: Cluster[] = [];
  const place = ({ size, wishes }: Cluster): number =>
    Math.max(0, Math.min(wishes / size, extent - (size - 1) * spacing));
  for (const wish of wanted) {
    let cluster: Cluster = { size: 1, wishes: wish };
    for (let before = clusters.at(-1); before !== undefined; before = clusters.at(-1)) {
      if (place(before) + before.size * spacing <= place(cluster)) break;
      clusters.pop();
      cluster = {
        size: before.size + cluster.size,
        wishes: before.wishes + cluster.wishes - cluster.size * before.size * spacing,
      };
    }
    clusters.push(cluster);
  }
  return clusters.flatMap((cluster) =>
    Array.from({ length: cluster.size }, (_, member) => place(cluster) + member * spacing),
  );
}

/** The range of all bands with a little air; never empty. */
function valueDomain(rows: readonly ResultRow[]): [number, number] {
  const ends = rows.flatMap(({ ci95 }) => ci95.filter((end) => end !== null));
  const low = ends.reduce((least, end) => Math.min(least, end), Number.POSITIVE_INFINITY);
  const high = ends.reduce((most, end) => Math.max(most, end), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const air = 0.05 * (high - low) || 0.5;
  return [low - air, high + air];
}

/** At most about ten whole numbers from 0 to `rounds`. */
function roundTicks(rounds: number): number[] {
  const step = Math.max(1, Math.ceil(rounds / 10));
  return Array.from({ length: Math.floor(rounds / step) + 1 }, (_, index) => index * step);
}

/** The curves of one task in one environment. */
export interface CurvesFigure {
  readonly task: string;
  readonly environment: string;
  /** A standalone SVG document, drawn without a browser. */
  readonly svg: string;
}

/** One figure per task and environment. */
export async function renderCurves(results: readonly ResultRow[]): Promise<CurvesFigure[]> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const figures: CurvesFigure[] = [];
  for (const group of groups(results)) {
    const view = new vega.View(vega.parse(vegaLite.compile(curvesSpec(group)).spec), { renderer: 'none' });
    try {
      figures.push({ task: group.task, environment: group.environment, svg: await view.toSVG() });
    } finally {
      view.finalize();
    }
  }
  return figures;
}

const FIGURE_GAP = 30;

/** All figures below each other in one SVG document. */
export function stackFigures(figures: readonly CurvesFigure[]): string {
  let width = 0;
  let height = 0;
  const placed = figures.map(({ svg }) => {
    const size = sizeOf(svg);
    const top = height;
    width = Math.max(width, size.width);
    height += size.height + FIGURE_GAP;
    return svg.replace('<svg ', `<svg y="${top}" `);
  });
  const total = Math.max(0, height - FIGURE_GAP);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}"><rect width="100%" height="100%" fill="#ffffff"/>${placed.join('')}</svg>\n`;
}

function sizeOf(svg: string): { width: number; height: number } {
  const [root = ''] = /<svg [^>]*>/.exec(svg) ?? [];
  const attribute = (name: string): number => Number(new RegExp(` ${name}="([0-9.]+)"`).exec(root)?.[1] ?? 0);
  return { width: attribute('width'), height: attribute('height') };
}
