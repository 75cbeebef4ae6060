import type { CausalGraph } from '../../../core/causal/graph.js';

const SIDE = 170;
const NODE_RADIUS = 10;
const ARROW_LENGTH = 8;

/** A Vega-Lite view of a graph: variables clockwise on a circle from the top, an arrow for each edge. */
export function graphView(graph: CausalGraph, title: string): object {
  const nodes = Array.from({ length: graph.size }, (_, variable) => ({ variable, ...nodePlace(variable, graph.size) }));
  const edges = nodes.flatMap((from) => graph.children(from.variable).map((to) => arrow(from, nodes[to] ?? from)));
  const pixels = (field: string): object => ({ field, type: 'quantitative', scale: null, axis: null });
  const at = { x: pixels('x'), y: pixels('y') };
  return {
    title: { text: title, anchor: 'start', fontSize: 12, fontWeight: 'normal' },
    width: SIDE,
    height: SIDE,
    layer: [
      {
        data: { values: edges },
        mark: { type: 'rule', color: '#444444', strokeWidth: 1.4 },
        encoding: { x: pixels('x'), y: pixels('y'), x2: { field: 'x2' }, y2: { field: 'y2' } },
      },
      {
        data: { values: edges },
        mark: { type: 'point', shape: 'triangle', filled: true, color: '#444444', size: 60, opacity: 1 },
        encoding: {
          x: pixels('headX'),
          y: pixels('headY'),
          angle: { field: 'angle', type: 'quantitative', scale: null },
        },
      },
      {
        data: { values: nodes },
        mark: {
          type: 'point',
          filled: true,
          fill: '#ffffff',
          stroke: '#444444',
          strokeWidth: 1.4,
          size: 380,
          opacity: 1,
        },
        encoding: at,
      },
      {
        data: { values: nodes },
        mark: { type: 'text', fontSize: 11, color: '#000000' },
        encoding: { ...at, text: { field: 'variable', type: 'nominal' } },
      },
    ],
  };
}

interface Place {
  readonly x: number;
  readonly y: number;
}

function nodePlace(variable: number, size: number): Place {
  const angle = (2 * Math.PI * variable) / size;
  const radius = size === 1 ? 0 : SIDE / 2 - NODE_RADIUS - 2;
  return { x: SIDE / 2 + radius * Math.sin(angle), y: SIDE / 2 - radius * Math.cos(angle) };
}

/** From the middle of one node to the rim of the other; `angle` turns a triangle that points up, in degrees. */
function arrow(from: Place, to: Place): object {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy);
  const along = (distance: number): Place => ({
    x: from.x + (dx * distance) / length,
    y: from.y + (dy * distance) / length,
  });
  const end = along(length - NODE_RADIUS - ARROW_LENGTH / 2);
  const head = along(length - NODE_RADIUS - ARROW_LENGTH / 2);
  const angle = (Math.atan2(dx, -dy) * 180) / Math.PI;
  return { x: from.x, y: from.y, x2: end.x, y2: end.y, headX: head.x, headY: head.y, angle };
}
