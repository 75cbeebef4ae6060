import { equivalenceClass } from '../../../core/causal/equivalence-class.js';
import type { CausalGraph } from '../../../core/causal/graph.js';
import { listNames } from '../../data/cells/list-names.js';

/** The graph that a study regresses on, and what is arbitrary in it. */
export interface ScreenGraph {
  readonly edges: readonly ScreenEdge[];
  /** Graphs of other equivalence classes with as few edges, which other starts of the search ended in. */
  readonly rivals: number;
}

export interface ScreenEdge {
  readonly from: string;
  readonly to: string;
  /** Whether some equivalent graph has it the other way round, so that the control cells do not tell its direction. */
  readonly reversible: boolean;
}

/** Describes the first of the sparsest graphs, which is the one that is used. */
export function screenGraph([graph, ...rivals]: readonly CausalGraph[], genes: readonly string[]): ScreenGraph {
  if (graph === undefined) return { edges: [], rivals: 0 };
  const { size } = graph;
  const directions = equivalenceClass(graph);
  const edges = genes.flatMap((from, i) =>
    graph.children(i).map((j): ScreenEdge => ({ from, to: genes[j]!, reversible: directions[j * size + i] === 1 })),
  );
  return { edges, rivals: rivals.length };
}

const EDGES_SHOWN = 60;

/** The graph for a terminal: what is told by the cells, then what is not. */
export function screenGraphLines({ edges, rivals }: ScreenGraph): string[] {
  const lines = (title: string, reversible: boolean): string[] => {
    const named = edges.filter((edge) => edge.reversible === reversible).map(({ from, to }) => `${from} -> ${to}`);
    return named.length === 0 ? [] : [`${title}: ${listNames(named, EDGES_SHOWN)}`];
  };
  if (edges.length === 0) return ['graph learned from the control cells: no edges'];
  return [
    ...lines('graph learned from the control cells', false),
    ...lines('edges whose direction the control cells do not tell, used in an arbitrary one', true),
    ...(rivals > 0
      ? [
          `warning: ${rivals} other ${rivals === 1 ? 'graph explains' : 'graphs explain'} the control cells with as few edges`,
        ]
      : []),
  ];
}
