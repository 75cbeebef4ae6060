import { CausalPilotError } from '../errors.js';

/** A directed acyclic graph over d variables: `adjacency[i * d + j] = 1` means i -> j. Immutable once made. */
export class CausalGraph {
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

  hasEdge(from: number, to: number): boolean {
    return this.adjacency[from * this.size + to] === 1;
  }

  parents(child: number): number[] {
    const found: number[] = [];
    for (let i = 0; i < this.size; i++) if (this.hasEdge(i, child)) found.push(i);
    return found;
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
      throw new CausalPilotError('E_INPUT', 'CausalGraph: the graph has a directed cycle; a causal graph must be acyclic');
    order[position] = next;
    done[next] = 1;
    for (let j = 0; j < size; j++) waitingFor[j]! -= adjacency[next * size + j]!;
  }
  return order;
}
