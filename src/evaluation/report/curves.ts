import type { TopLevelSpec } from 'vega-lite';
import { describeMetric } from '../scores/metric-descriptions.js';
import type { ResultRow } from '../scores/summary.js';
import { strategyLabel, strategyNames } from '../strategies/registry.js';
import { CHART_FRAME, drawSvg } from './draw.js';
import { LABEL_SPACING, type LineStyle, STYLE_CHANNELS, sideLabelLayers } from './side-labels.js';
import { groups, type ResultGroup } from './table.js';

/**
 * Colours of Okabe and Ito (Color Universal Design, 2008), told apart under every common colour blindness; their
 * yellow is left out, too faint for lines on white; brown and grey are added. Dashes repeat the distinction without colour.
 */
const COLOURS = [
  '#d55e00',
  '#e69f00',
  '#0072b2',
  '#56b4e9',
  '#000000',
  '#009e73',
  '#cc79a7',
  '#7f5539',
  '#8a8a8a',
] as const;
const DASHES = [[], [6, 3], [], [6, 3], [], [2, 2], [6, 3, 2, 3], [6, 3], [2, 2]] as const;

const PANEL_WIDTH = 300;

const NOTHING_TO_DRAW = { data: { values: [{}] }, mark: { type: 'text', text: 'no metric is defined for any system' } };

const KNOWN_STRATEGIES = strategyNames('structure');

/** A strategy keeps its style in every figure; unknown ones take the styles after the known ones. */
function strategyStyle(strategy: string, strategies: readonly string[]): LineStyle {
  const known = KNOWN_STRATEGIES.indexOf(strategy);
  const unknown = strategies.filter((name) => !KNOWN_STRATEGIES.includes(name)).indexOf(strategy);
  const index = known >= 0 ? known : KNOWN_STRATEGIES.length + unknown;
  return {
    colour: COLOURS[index % COLOURS.length] ?? '#000000',
    dash: DASHES[(index + Math.floor(index / COLOURS.length)) % DASHES.length] ?? [],
    width: strategy.startsWith('policy') ? 2.5 : 1.5,
  };
}

/** How a panel is titled; `better` is left out where no direction is good. */
export type DescribePanel = (metric: string) => { readonly label: string; readonly better?: 'higher' | 'lower' };

/** Mean with its 95 % band against the number of experiments in one environment: a panel per metric, two in a row. */
export function curvesSpec(
  group: ResultGroup<ResultRow>,
  { describe = describeMetric }: { readonly describe?: DescribePanel } = {},
): TopLevelSpec {
  const panels = group.metrics
    .filter((metric) => group.rows.some((row) => row.metric === metric && row.mean !== null))
    .map((metric) => panelSpec(group, metric, describe));
  return {
    ...CHART_FRAME,
    spacing: 36,
    columns: 2,
    concat: panels.length > 0 ? panels : [NOTHING_TO_DRAW],
  } as unknown as TopLevelSpec;
}

function panelSpec(group: ResultGroup<ResultRow>, metric: string, describe: DescribePanel): object {
  const rows = group.rows.filter((row) => row.metric === metric && row.mean !== null);
  const strategies = group.strategies.filter((strategy) => rows.some((row) => row.strategy === strategy));
  const height = Math.max(200, (strategies.length + 1) * LABEL_SPACING);
  const frame = { group, domain: valueDomain(rows), height };
  const { label, better } = describe(metric);
  const direction = better === undefined ? '' : `, ${better} is better`;
  const first = firstRound(group);
  return {
    title: {
      text: label,
      subtitle: `${group.environment} environment; mean and 95 % band${direction}`,
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
        scale: { domain: [first, Math.max(group.rounds, first + 1)], nice: false },
        axis: {
          values: roundTicks(group.rounds).filter((round) => round >= first),
          grid: false,
          format: 'd',
          tickMinStep: 0.5,
        },
      },
    },
  };
}

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
      mark: hasOneRound(group) ? { type: 'rule' } : { type: 'area', opacity: 0.12 },
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

/** The strategies' names at the ends of their curves. */
function labelLayers(rows: readonly ResultRow[], strategies: readonly string[], frame: PanelFrame): object[] {
  const { group, domain, height } = frame;
  const pixel = (value: number): number => (height * (domain[1] - value)) / (domain[1] - domain[0]);
  const labels = strategies.flatMap((strategy) => {
    const last = rows.findLast((row) => row.strategy === strategy);
    if (last === undefined || last.mean === null) return [];
    return [{ ...strategyStyle(strategy, group.strategies), text: strategyLabel(strategy), at: pixel(last.mean) }];
  });
  return sideLabelLayers(labels, { start: hasOneRound(group) ? 0 : PANEL_WIDTH, height });
}

/** The range of all bands with a little air; never empty. */
function valueDomain(rows: readonly ResultRow[]): [number, number] {
  const ends = rows.flatMap(({ ci95 }) => ci95.filter((end) => end !== null));
  const low = ends.reduce((least, end) => Math.min(least, end), Number.POSITIVE_INFINITY);
  const high = ends.reduce((most, end) => Math.max(most, end), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  // A spread of rounding errors is none.
  const isFlat = high - low < 1e-6 * Math.max(Math.abs(low), Math.abs(high), 1);
  const air = isFlat ? 0.5 : 0.05 * (high - low);
  return [low - air, high + air];
}

/** 0 for figures that are taken before the first experiment too, 1 for figures of the experiments themselves. */
function firstRound({ rows, rounds }: ResultGroup<ResultRow>): number {
  return rows.reduce((least, { round }) => Math.min(least, round), rounds);
}

function hasOneRound(group: ResultGroup<ResultRow>): boolean {
  return firstRound(group) === group.rounds;
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
  const figures: CurvesFigure[] = [];
  for (const group of groups(results))
    figures.push({ task: group.task, environment: group.environment, svg: await drawSvg(curvesSpec(group)) });
  return figures;
}
