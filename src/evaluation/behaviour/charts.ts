import type { TopLevelSpec } from 'vega-lite';
import type { CausalGraph } from '../../../core/causal/graph.js';
import { curvesSpec } from '../report/curves.js';
import { CHART_FRAME, drawSvg } from '../report/draw.js';
import { groups } from '../report/table.js';
import type { ResultRow } from '../scores/summary.js';
import { strategyLabel } from '../strategies/registry.js';
import { graphView } from './graph-view.js';
import { BLUE, GREY, type HeatmapCell, heatmapView } from './heatmap.js';
import { BEHAVIOUR_MEASURES, describeMeasure } from './measures.js';
import { type Play, playedTargets, playedValues } from './recorder.js';
import type { BehaviourExample, BehaviourStudy } from './study.js';

const TARGET_OUTLINE = '#d55e00';
const EDGE_OUTLINE = '#009e73';

export interface BehaviourFigure {
  readonly title: string;
  /** A standalone SVG document. */
  readonly svg: string;
}

/** Measures by round, ranks of the targets, then the examples. */
export async function drawBehaviour(study: BehaviourStudy): Promise<BehaviourFigure[]> {
  const examples: BehaviourFigure[] = [];
  for (const example of study.examples) examples.push(await drawExample(example));
  return [await drawMeasures(study), await drawRanks(study), ...examples];
}

async function drawMeasures({ rows }: BehaviourStudy): Promise<BehaviourFigure> {
  const isShown = (row: BehaviourStudy['rows'][number]): row is ResultRow =>
    row.round !== null && BEHAVIOUR_MEASURES.includes(row.metric);
  const [group] = groups(rows.filter(isShown));
  const title = 'What the strategies do, by experiment';
  const spec = group === undefined ? nothingToDraw() : curvesSpec(group, { describe: describeMeasure });
  return draw(spec, title, ['Means over held-out systems with 95 % bootstrap bands.']);
}

/** Probability that a target has each rank, for every strategy and round. */
async function drawRanks({ rows, strategies, variables, experiments }: BehaviourStudy): Promise<BehaviourFigure> {
  const views = strategies.map((strategy) => {
    const cells = rows.flatMap((row): HeatmapCell[] => {
      const rank = Number(/^targetRank(\d+)$/.exec(row.metric)?.[1]);
      if (row.strategy !== strategy || row.round === null || row.mean === null || Number.isNaN(rank)) return [];
      return [{ column: row.round - 1, row: rank - 1, level: row.mean, text: row.mean.toFixed(2).replace(/^0/, '') }];
    });
    return heatmapView(cells, {
      title: strategyLabel(strategy),
      columns: numbers(1, experiments),
      rows: numbers(1, variables),
      columnTitle: 'experiment',
      rowTitle: 'rank (1: most uncertain)',
      colour: BLUE,
    });
  });
  const title = 'Which variables are targeted: rank by uncertainty before the experiment';
  const note = `Probability that a target is the r-th most uncertain variable; ${(1 / variables).toFixed(2)} each where the choice ignores uncertainty.`;
  return draw({ ...CHART_FRAME, hconcat: views, spacing: 30 }, title, [note]);
}

async function drawExample({ system, plays }: BehaviourExample): Promise<BehaviourFigure> {
  const title = `System ${system}: true graph, targets, uncertainty before each experiment, edge probabilities at the end`;
  const [first] = plays;
  if (first === undefined) return draw(nothingToDraw(), title, []);
  const { graph } = first.play;
  // What was known after the last experiment is not shown.
  const shown = plays.flatMap(({ play }) => play.uncertainty.slice(0, -1).flatMap((own) => [...own]));
  const range = [Math.min(...shown), Math.max(...shown)] as const;
  const columns = plays.map(({ strategy, play }) => {
    const gain = (play.returns.at(-1) ?? 0) - (play.returns[0] ?? 0);
    const heading = `${strategyLabel(strategy)}: ${gain >= 0 ? '+' : ''}${gain.toFixed(2)} in return`;
    return { vconcat: [decisionsView(play, range, heading), edgesView(play.edgeProbabilities, graph)], spacing: 14 };
  });
  const spec = { ...CHART_FRAME, hconcat: [graphView(graph, 'true graph'), ...columns], spacing: 24 };
  return draw(spec, title, [
    `Blue: uncertainty of each variable, summed entropy of its possible edges, from ${range.map((end) => end.toFixed(2)).join(' (white) to ')} nats. Orange: targets, with their values where they have any.`,
    'Grey: probability of an edge from row to column, 0 (white) to 1. Green: edges of the true graph.',
  ]);
}

/** Rounds by variables: uncertainty before the experiment, white to blue over `range`; targets outlined with their values. */
function decisionsView(play: Play, [least, most]: readonly [number, number], title: string): object {
  const { graph, interventions, uncertainty } = play;
  const cells = interventions.flatMap((_, index) => {
    const [targets, values] = [playedTargets(play, index + 1), playedValues(play, index + 1)];
    return Array.from(uncertainty[index] ?? [], (own, variable): HeatmapCell => {
      const cell = { column: index, row: variable, level: most > least ? (own - least) / (most - least) : 0 };
      const place = targets.indexOf(variable);
      if (place < 0) return cell;
      const value = values[place];
      return { ...cell, text: value === undefined ? 'x' : formatValue(value), outline: TARGET_OUTLINE };
    });
  });
  return heatmapView(cells, {
    title,
    columns: numbers(1, interventions.length),
    rows: numbers(0, graph.size),
    columnTitle: 'experiment',
    rowTitle: 'variable',
    colour: BLUE,
  });
}

function edgesView(probabilities: Float32Array, graph: CausalGraph): object {
  const { size } = graph;
  const cells = Array.from({ length: size * size }, (_, entry): HeatmapCell[] => {
    const [row, column] = [Math.floor(entry / size), entry % size];
    if (row === column) return [];
    const level = probabilities[entry] ?? 0;
    const cell = { column, row, level, text: level.toFixed(2).replace(/^0/, '') };
    return [graph.hasEdge(row, column) ? { ...cell, outline: EDGE_OUTLINE } : cell];
  }).flat();
  return heatmapView(cells, {
    title: 'edge probabilities at the end',
    columns: numbers(0, size),
    rows: numbers(0, size),
    columnTitle: 'to',
    rowTitle: 'from',
    colour: GREY,
  });
}

/** Two digits with their sign: "+1.0", "-.35". */
function formatValue(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 0.995 ? size.toFixed(1) : size.toFixed(2).slice(1);
  return `${value < 0 ? '-' : '+'}${digits}`;
}

function numbers(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(first + index));
}

function nothingToDraw(): object {
  return { ...CHART_FRAME, data: { values: [{}] }, mark: { type: 'text', text: 'no experiments to show' } };
}

async function draw(spec: object, title: string, notes: readonly string[]): Promise<BehaviourFigure> {
  const heading = { text: title, subtitle: notes, anchor: 'start', fontSize: 14, subtitleColor: '#555555', offset: 14 };
  return { title, svg: await drawSvg({ ...spec, title: heading } as TopLevelSpec) };
}
