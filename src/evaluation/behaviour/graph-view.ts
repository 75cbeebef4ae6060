import type { CausalGraph } from '../../../core/causal/graph.js';

const LINE_COLOUR = '#444444';
const NODE_RADIUS = 10;
const ARROW_LENGTH = 8;

/** A Vega-Lite view of a graph: variables clockwise on a circle from the top, an arrow for each edge. */
export function graphView(graph: CausalGraph, title: string): object {
  const side = Math.min(320, 120 + 12 * graph.size);
  const nodes = Array.from({ length: graph.size }, (_, variable) => ({
    variable,
    ...nodePlace(variable, graph.size, side),
  }));
  const edges = nodes.flatMap((from) => graph.children(from.variable).map((to) => arrow(from, nodes[to] ?? from)));
  return {
    title: { text: title, anchor: 'start', fontSize: 12, fontWeight: 'normal' },
    width: side,
    height: side,
    layer: [...edgeLayers(edges), ...nodeLayers(nodes)],
  };
}

function edgeLayers(values: readonly object[]): object[] {
  const data = { values };
  return [
    {
      data,
      mark: { type: 'rule', color: LINE_COLOUR, strokeWidth: 1.4 },
      encoding: { x: pixels('x'), y: pixels('y'), x2: { field: 'headX' }, y2: { field: 'headY' } },
    },
    {
      data,
      mark: { type: 'point', shape: 'triangle', filled: true, color: LINE_COLOUR, size: 60, opacity: 1 },
      encoding: {
        x: pixels('headX'),
        y: pixels('headY'),
        angle: { field: 'angle', type: 'quantitative', scale: null },
      },
    },
  ];
}

function nodeLayers(values: readonly object[]): object[] {
  const data = { values };
  const at = { x: pixels('x'), y: pixels('y') };
  const circle = { type: 'point', filled: true, fill: '#ffffff', stroke: LINE_COLOUR, strokeWidth: 1.4 };
  return [
    { data, mark: { ...circle, size: 380, opacity: 1 }, encoding: at },
    {
      data,
      mark: { type: 'text', fontSize: 11, color: '#000000' },
      encoding: { ...at, text: { field: 'variable', type: 'nominal' } },
    },
  ];
}

function pixels(field: string): object {
  return { field, type: 'quantitative', scale: null, axis: null };
}

interface Place {
  readonly x: number;
  readonly y: number;
}

function nodePlace(variable: number, size: number, side: number): Place {
  const angle = (2 * Math.PI * variable) / size;
  const radius = size === 1 ? 0 : side / 2 - NODE_RADIUS - 2;
  return { x: side / 2 + radius * Math.sin(angle), y: side / 2 - radius * Math.cos(angle) };
}

/** From the middle of one node to the rim of the other; `angle` turns a triangle that points up, in degrees. */
function arrow(from: Place, to: Place): object {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const share = 1 - (NODE_RADIUS + ARROW_LENGTH / 2) / Math.hypot(dx, dy);
  const head = { headX: from.x + share * dx, headY: from.y + share * dy };
  return { x: from.x, y: from.y, ...head, angle: (Math.atan2(dx, -dy) * 180) / Math.PI };
}
