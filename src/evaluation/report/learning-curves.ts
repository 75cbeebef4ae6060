import type { TopLevelSpec } from 'vega-lite';
import { strategyLabel } from '../strategies/registry.js';
import { CHART_FRAME, drawSvg } from './draw.js';
import type { CurvePoint } from './learning-curve.js';
import type { SeedEstimate } from './seed-interval.js';
import { LABEL_SPACING, type LineStyle, STYLE_CHANNELS, sideLabelLayers } from './side-labels.js';

/** How one configuration learned: held-out return over its training runs. */
export interface LearningCurve {
  readonly label: string;
  /** Folder of its sweep, and its number there. */
  readonly sweep: string;
  readonly trial: number;
  readonly points: readonly CurvePoint[];
  /** Return of the best checkpoints on the systems that the simple strategies were evaluated on. */
  readonly evaluated: SeedEstimate | null;
}

/** Curves that can be compared: the same environment, the same graph posterior. */
export interface LearningPanel {
  readonly title: string;
  readonly curves: readonly LearningCurve[];
  /** Return of the strategies without training. */
  readonly lines: readonly { readonly strategy: string; readonly mean: number }[];
}

/** Colours of Okabe and Ito without black, grey and yellow: those are the lines' or too faint. */
const COLOURS = ['#d55e00', '#0072b2', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const;
/** Every further round of the colours has its own dashes. */
const DASHES = [[], [6, 3], [2, 2], [6, 3, 2, 3]] as const;

const WIDTH = 440;
const LEAST_HEIGHT = 300;
/** Training times that differ by more are shown on a logarithmic axis. */
const WIDEST_LINEAR_RATIO = 8;

interface PanelFrame {
  readonly panel: LearningPanel;
  readonly x: object;
  readonly y: object;
  /** Processor minutes where the axis ends. */
  readonly end: number;
  /** Vertical pixel of a return. */
  readonly pixel: (value: number) => number;
  /** Pixels. */
  readonly height: number;
}

/** Held-out return against processor minutes as an SVG document, panels below each other. */
export async function renderLearningCurves(panels: readonly LearningPanel[]): Promise<string> {
  return drawSvg(learningCurvesSpec(panels));
}

/** Mean over seeds with its 95 % band for each configuration, the simple strategies as horizontal lines. */
export function learningCurvesSpec(panels: readonly LearningPanel[]): TopLevelSpec {
  return {
    ...CHART_FRAME,
    spacing: 36,
    vconcat: panels.map(panelSpec),
  } as unknown as TopLevelSpec;
}

function panelSpec(panel: LearningPanel): object {
  const frame = frameOf(panel);
  return {
    title: {
      text: panel.title,
      subtitle: subtitle(panel),
      anchor: 'start',
      fontSize: 13,
      subtitleColor: '#555555',
      subtitleLineHeight: 14,
    },
    width: WIDTH,
    height: frame.height,
    layer: [...lineLayers(frame), ...curveLayers(frame), ...labelLayers(frame)],
  };
}

function subtitle({ curves }: LearningPanel): string[] {
  const seeds = curves.flatMap(({ points }) => points.map((point) => point.seeds));
  const [fewest, most] = [Math.min(...seeds), Math.max(...seeds)];
  const number = fewest === most ? `${most}` : `${fewest} to ${most}`;
  const band = most > 1 ? ' and 95 % interval of the mean' : '';
  const first = `Held-out return while learning, mean over ${number} training seed${most === 1 ? '' : 's'}${band}.`;
  const hasEnds = curves.some(({ evaluated }) => evaluated !== null);
  return hasEnds ? [first, 'Diamonds: best checkpoints on the systems that the horizontal lines stand for.'] : [first];
}

function frameOf(panel: LearningPanel): PanelFrame {
  const height = Math.max(LEAST_HEIGHT, (panel.curves.length + 3) * LABEL_SPACING);
  const [low, high] = returnDomain(panel);
  const minutes = panel.curves.flatMap(({ points }) => points.map((point) => point.minutes));
  const ends = panel.curves.flatMap(({ points }) => points.at(-1)?.minutes ?? []);
  const end = Math.max(...ends);
  const isLogarithmic = end > WIDEST_LINEAR_RATIO * Math.min(...ends) && Math.min(...minutes) > 0;
  const scale = isLogarithmic
    ? { type: 'log', domain: [Math.min(...minutes), end], nice: false }
    : { domain: [0, end], nice: false };
  return {
    panel,
    height,
    end,
    x: {
      field: 'minutes',
      type: 'quantitative',
      title: 'processor minutes of learning',
      scale,
      axis: { grid: false, tickCount: 8 },
    },
    y: {
      type: 'quantitative',
      title: 'return (expected correct entries)',
      scale: { domain: [low, high], nice: false, zero: false },
    },
    pixel: (value) => (height * (high - value)) / (high - low),
  };
}

/**
 * All curves and the labelled lines; bands as far as they leave the means readable, since few seeds have very wide ones.
 * Weak strategies may lie outside.
 */
function returnDomain(panel: LearningPanel): [number, number] {
  const { curves } = panel;
  const estimates = curves.flatMap(({ points, evaluated }) => [...points, ...(evaluated === null ? [] : [evaluated])]);
  const means = [...estimates, ...labelledLines(panel)].map(({ mean }) => mean);
  const bands = estimates.flatMap(({ ci95 }) => ci95 ?? []);
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const allowed = 0.3 * (high - low);
  const air = 0.04 * (high - low) || 0.5;
  return [
    Math.max(Math.min(low, ...bands), low - allowed) - air,
    Math.min(Math.max(high, ...bands), high + allowed) + air,
  ];
}

function curveStyle(index: number): LineStyle {
  return {
    colour: COLOURS[index % COLOURS.length] ?? '#000000',
    dash: DASHES[Math.floor(index / COLOURS.length) % DASHES.length] ?? [],
    width: 2,
  };
}

/** The best strategy without training is black, the paper's baseline dark grey and dashed, others stay in the background. */
function lineStyle(strategy: string, best: string | undefined): LineStyle {
  if (strategy === best) return { colour: '#000000', dash: [], width: 1.2 };
  if (strategy === 'random') return { colour: '#555555', dash: [5, 3], width: 1.2 };
  return { colour: '#bbbbbb', dash: [1, 2], width: 1 };
}

function bestLine({ lines }: LearningPanel): string | undefined {
  return lines.toSorted((a, b) => b.mean - a.mean)[0]?.strategy;
}

function labelledLines(panel: LearningPanel): LearningPanel['lines'] {
  const best = bestLine(panel);
  return panel.lines.filter(({ strategy }) => strategy === best || strategy === 'random');
}

function lineLayers({ panel, y }: PanelFrame): object[] {
  const best = bestLine(panel);
  const values = panel.lines.map(({ strategy, mean }) => ({ mean, ...lineStyle(strategy, best) }));
  const encoding = { y: { field: 'mean', ...y }, ...STYLE_CHANNELS };
  return [{ data: { values }, mark: { type: 'rule', clip: true }, encoding }];
}

/** Bands, lines, and the evaluation of the best checkpoints where each curve ends. */
function curveLayers({ panel, x, y }: PanelFrame): object[] {
  const { points, ends } = curveData(panel);
  const detail = { field: 'curve', type: 'nominal' };
  const { color } = STYLE_CHANNELS;
  const mean = { field: 'mean', ...y };
  const band = { x, y: { field: 'low', ...y }, y2: { field: 'high' }, detail };
  return [
    { data: { values: points }, mark: { type: 'area', opacity: 0.13, clip: true }, encoding: { ...band, color } },
    { data: { values: points }, mark: { type: 'line' }, encoding: { x, y: mean, detail, ...STYLE_CHANNELS } },
    { data: { values: ends }, mark: { type: 'rule', clip: true }, encoding: { ...band, ...STYLE_CHANNELS } },
    {
      data: { values: ends },
      mark: { type: 'point', shape: 'diamond', filled: true, size: 70, opacity: 1, stroke: '#ffffff', strokeWidth: 1 },
      encoding: { x, y: mean, fill: color },
    },
  ];
}

interface CurveDatum extends LineStyle {
  readonly curve: number;
  readonly minutes: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

function curveData({ curves }: LearningPanel): { points: CurveDatum[]; ends: CurveDatum[] } {
  const datum = (curve: number, minutes: number, { mean, ci95 }: SeedEstimate): CurveDatum => {
    const [low, high] = ci95 ?? [mean, mean];
    return { curve, minutes, mean, low, high, ...curveStyle(curve) };
  };
  return {
    points: curves.flatMap(({ points }, index) => points.map((point) => datum(index, point.minutes, point))),
    ends: curves.flatMap(({ points, evaluated }, index) => {
      const minutes = points.at(-1)?.minutes;
      if (minutes === undefined || evaluated === null) return [];
      return [{ ...datum(index, minutes, evaluated), width: 1.5, dash: [] }];
    }),
  };
}

/** Names beside the panel; thin lines lead from where the curves end to its edge. */
function labelLayers({ panel, x, pixel, height, end }: PanelFrame): object[] {
  const best = bestLine(panel);
  const curves = panel.curves.flatMap(({ label, points }, index) => {
    const last = points.at(-1);
    if (last === undefined) return [];
    return [{ text: label, at: pixel(last.mean), minutes: last.minutes, end, ...curveStyle(index) }];
  });
  const lines = labelledLines(panel).map(({ strategy, mean }) => {
    const text = strategyLabel(strategy) + (strategy === best ? ' (best simple)' : '');
    return { text, at: pixel(mean), ...lineStyle(strategy, best) };
  });
  const at = { field: 'at', type: 'quantitative', scale: null };
  return [
    {
      data: { values: curves },
      mark: { type: 'rule', opacity: 0.35 },
      encoding: { x, x2: { field: 'end' }, y: at, ...STYLE_CHANNELS, strokeWidth: { value: 1 } },
    },
    ...sideLabelLayers([...curves, ...lines], { start: WIDTH, height }),
  ];
}
