import { CausalPilotError } from '../errors.js';

/** A directed graph over `size` variables that may have cycles, such as thresholded edge probabilities. */
export interface Adjacency {
  readonly size: number;
  /** [d * d] row-major, 1 where i -> j. */
  readonly adjacency: Uint8Array;
}

/** A directed acyclic graph over d variables: `adjacency[i * d + j] = 1` means i -> j. Immutable once made. */
export class CausalGraph implements Adjacency {
  /** Variables so that every parent comes before its children. */
  readonly topologicalOrder: Int32Array;

  /** @throws CausalPilotError E_INPUT if the adjacency is not d x d with entries 0 and 1, or has a cycle. */
  constructor(
    readonly size: number,
    readonly adjacency: Uint8Array,
  ) {
    if (!Number.isInteger(size) || size < 1 || adjacency.length !== size * size)
      throw new CausalPilotError(
        'E_INPUT',
        `CausalGraph: 'adjacency' must hold size x size = ${size * size} entries, got ${adjacency.length}`,
      );
    this.topologicalOrder = topologicalOrder(size, adjacency);
  }

  /** The graph with exactly these edges, each `[from, to]`. */
  static fromEdges(size: number, edges: readonly (readonly [number, number])[]): CausalGraph {
    const adjacency = new Uint8Array(size * size);
    for (const [from, to] of edges) {
      if (![from, to].every((variable) => Number.isInteger(variable) && variable >= 0 && variable < size))
        throw new CausalPilotError(
          'E_INPUT',
          `CausalGraph.fromEdges: edge ${from} -> ${to} must join variables in [0, ${size - 1}]`,
        );
      adjacency[from * size + to] = 1;
    }
    return new CausalGraph(size, adjacency);
  }

  hasEdge(from: number, to: number): boolean {
    return this.adjacency[from * this.size + to] === 1;
  }

  parents(child: number): number[] {
    const found: number[] = [];
    for (let i = 0; i < this.size; i++) if (this.hasEdge(i, child)) found.push(i);
    return found;
  }

  children(parent: number): number[] {
    const found: number[] = [];
    for (let j = 0; j < this.size; j++) if (this.hasEdge(parent, j)) found.push(j);
    return found;
  }

  /** [d], 1 for every variable that a directed path leads to from `variable`; 0 for `variable` itself. */
  descendants(variable: number): Uint8Array {
    const reached = new Uint8Array(this.size);
    const pending = [variable];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (const child of this.children(next)) {
        if (reached[child] === 1) continue;
        reached[child] = 1;
        pending.push(child);
      }
    }
    return reached;
  }

  /** The same graph with variable i renamed to `newNames[i]`, a permutation of 0 .. d - 1. */
  relabelled(newNames: ArrayLike<number>): CausalGraph {
    const { size } = this;
    const renamed = new Uint8Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) renamed[newNames[i]! * size + newNames[j]!] = this.adjacency[i * size + j]!;
    }
    return new CausalGraph(size, renamed);
  }

  get edgeCount(): number {
    let count = 0;
    for (const entry of this.adjacency) count += entry;
    return count;
  }
}

/** Kahn's algorithm; smallest index first among the free variables, so that the order is unique. */
function topologicalOrder(size: number, adjacency: Uint8Array): Int32Array {
  const waitingFor = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const entry = adjacency[i * size + j]!;
      if (entry !== 0 && entry !== 1)
        throw new CausalPilotError('E_INPUT', `CausalGraph: entry (${i}, ${j}) must be 0 or 1, got ${entry}`);
      waitingFor[j]! += entry;
    }
  }
  const order = new Int32Array(size);
  const done = new Uint8Array(size);
  for (let position = 0; position < size; position++) {
    const next = waitingFor.findIndex((count, variable) => count === 0 && done[variable] === 0);
    if (next === -1)
      throw new CausalPilotError(
        'E_INPUT',
        'CausalGraph: the graph has a directed cycle; a causal graph must be acyclic',
      );
    order[position] = next;
    done[next] = 1;
    for (let j = 0; j < size; j++) waitingFor[j]! -= adjacency[next * size + j]!;
  }
  return order;
}
