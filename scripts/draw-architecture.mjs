// Draws docs/architecture.svg from the imports of the sources: floors as bands, rooms as boxes, an arrow from each room
// to those that it builds on. An arrow that follows from others (a to b and b to c, so a to c) is left out.
// `--print` writes the picture to standard output instead.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import dagre from '@dagrejs/dagre';
import { FLOORS, floorOf, groupImports, readSources, roomNames } from './source-graph.mjs';

const BOX_HEIGHT = 26;
const CHARACTER_WIDTH = 6.6;
const MARGIN = 16;
const FLOOR_LABEL_WIDTH = 70;
const FLOOR_PADDING = 14;
const COLOURS = ['#4c6a92', '#3f8f6b', '#b0762a', '#a3485c', '#6b5aa0'];

/** Arrows that do not follow from others. @param {Map<string, Set<string>>} graph without circles. */
function withoutImplied(graph) {
  const reached = new Map();
  const below = (room) => {
    const known = reached.get(room);
    if (known !== undefined) return known;
    const all = new Set([...(graph.get(room) ?? [])].flatMap((next) => [next, ...below(next)]));
    reached.set(room, all);
    return all;
  };
  return new Map(
    [...graph].map(([room, targets]) => [
      room,
      [...targets].filter((target) => ![...targets].some((other) => below(other).has(target))).sort(),
    ]),
  );
}

/** Row of every room, counted from the ground: above all rooms that it imports, and above all lower floors. */
function rowsOf(graph) {
  const rows = new Map();
  let ground = 0;
  for (const floor of FLOORS.keys()) {
    const rooms = [...graph.keys()].filter((room) => floorOf(room) === floor);
    const row = (room) => {
      const beneath = [...graph.get(room)].filter((target) => floorOf(target) === floor).map(row);
      return Math.max(ground, ...beneath.map((lower) => lower + 1));
    };
    for (const room of rooms) rows.set(room, row(room));
    ground = Math.max(ground, ...rooms.map((room) => rows.get(room) + 1));
  }
  return rows;
}

/** Places boxes and arrows; the rows are given, dagre chooses the order in them and the course of the arrows. */
function layOut(arrows, rows) {
  const drawing = new dagre.graphlib.Graph()
    .setGraph({ rankdir: 'TB', nodesep: 14, edgesep: 8, ranksep: 30 })
    .setDefaultEdgeLabel(() => ({}));
  for (const room of [...arrows.keys()].sort())
    drawing.setNode(room, { width: labelOf(room).length * CHARACTER_WIDTH + 18, height: BOX_HEIGHT });
  for (const [room, targets] of [...arrows].sort(([a], [b]) => (a < b ? -1 : 1)))
    for (const target of targets) drawing.setEdge(room, target, { minlen: rows.get(room) - rows.get(target) });
  dagre.layout(drawing);
  return drawing;
}

function labelOf(room) {
  return room.slice(room.indexOf('/') + 1);
}

const round = (value) => Math.round(value * 10) / 10;

/** A smooth line through the points: quadratic curves between the middles of its segments. */
function curve(points) {
  const [first, ...others] = points.map(({ x, y }) => ({ x: round(x), y: round(y) }));
  const steps = others.map((point, index) => {
    const next = others[index + 1];
    if (next === undefined) return `L${point.x} ${point.y}`;
    return `Q${point.x} ${point.y} ${round((point.x + next.x) / 2)} ${round((point.y + next.y) / 2)}`;
  });
  return `M${first.x} ${first.y}${steps.join('')}`;
}

function floorBand(drawing, floor, width) {
  const boxes = drawing
    .nodes()
    .filter((room) => floorOf(room) === floor)
    .map((room) => drawing.node(room).y);
  const top = round(Math.min(...boxes) - BOX_HEIGHT / 2 - FLOOR_PADDING);
  const bottom = round(Math.max(...boxes) + BOX_HEIGHT / 2 + FLOOR_PADDING);
  return {
    top,
    bottom,
    svg: [
      `<rect x="${-FLOOR_LABEL_WIDTH}" y="${top}" width="${round(width + FLOOR_LABEL_WIDTH + 2 * MARGIN)}" height="${round(bottom - top)}" rx="6" fill="${COLOURS[floor]}" fill-opacity="0.09"/>`,
      `<text x="${12 - FLOOR_LABEL_WIDTH}" y="${round((top + bottom) / 2)}" font-weight="bold" fill="${COLOURS[floor]}">${FLOORS[floor]}/</text>`,
    ],
  };
}

function drawArchitecture() {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const sources = readSources(root);
  const graph = groupImports(sources, roomNames(sources));
  const drawing = layOut(withoutImplied(graph), rowsOf(graph));
  const drawn = drawing.graph();
  const bands = [...FLOORS.keys()].map((floor) => floorBand(drawing, floor, drawn.width));
  for (const [floor, { bottom }] of bands.entries())
    if (floor > 0 && bottom > bands[floor - 1].top + FLOOR_PADDING)
      throw new Error(`draw-architecture: floor ${FLOORS[floor]} would overlap ${FLOORS[floor - 1]}`);
  const markers = FLOORS.map(
    (name, floor) =>
      `<marker id="to-${name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L8 4L0 8z" fill="${COLOURS[floor]}"/></marker>`,
  );
  const lines = drawing.edges().map(({ v, w }) => {
    const colour = COLOURS[floorOf(w)];
    return `<path d="${curve(drawing.edge(v, w).points)}" fill="none" stroke="${colour}" stroke-opacity="0.75" marker-end="url(#to-${FLOORS[floorOf(w)]})"><title>${v} -&gt; ${w}</title></path>`;
  });
  const boxes = drawing.nodes().map((room) => {
    const { x, y, width: boxWidth } = drawing.node(room);
    const colour = COLOURS[floorOf(room)];
    const corner = room.endsWith('.ts') ? BOX_HEIGHT / 2 : 4;
    return [
      `<rect x="${round(x - boxWidth / 2)}" y="${round(y - BOX_HEIGHT / 2)}" width="${round(boxWidth)}" height="${BOX_HEIGHT}" rx="${corner}" fill="#fff" stroke="${colour}" stroke-width="1.5"/>`,
      `<text x="${round(x)}" y="${round(y)}" text-anchor="middle">${labelOf(room)}</text>`,
    ].join('\n');
  });
  const [left, top] = [-FLOOR_LABEL_WIDTH - MARGIN, -MARGIN - FLOOR_PADDING];
  const [width, height] = [
    drawn.width + FLOOR_LABEL_WIDTH + 4 * MARGIN,
    drawn.height + 2 * (MARGIN + FLOOR_PADDING),
  ].map(round);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" dominant-baseline="central">`,
    '<!-- Drawn by scripts/draw-architecture.mjs from the imports; do not edit. -->',
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="#fff"/>`,
    `<defs>${markers.join('')}</defs>`,
    ...bands.flatMap(({ svg }) => svg),
    ...lines,
    ...boxes,
    '</svg>',
  ].join('\n')}\n`;
}

const picture = drawArchitecture();
if (process.argv.includes('--print')) process.stdout.write(picture);
else writeFileSync(join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs/architecture.svg'), picture);
