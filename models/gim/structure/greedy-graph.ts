import type { NodeRegressions } from './node-regressions.js';

/** Parents of every variable, each list ascending. */
export type ParentLists = readonly (readonly number[])[];

/** A move must gain this many nats, so that rounding never makes the search walk in circles. */
const SMALLEST_GAIN = 1e-6;

interface Move {
  readonly from: number;
  readonly to: number;
  readonly kind: 'toggle' | 'reverse';
  readonly gain: number;
}

/**
 * Hill climbing over acyclic graphs by adding, deleting and reversing edges, always the move that gains most, on the
 * penalised Gaussian score of each variable's own moments.
 */
export function greedyGraph(regressions: NodeRegressions, start: ParentLists, edgeCost: number): ParentLists {
  const search = new GreedySearch(regressions, start, edgeCost);
  for (let move = search.best(); move !== undefined; move = search.best()) search.apply(move);
  return search.parents;
}

class GreedySearch {
  readonly parents: (readonly number[])[];
  readonly #size: number;
  /** [d, d], entry (i, j): what toggling i -> j gains. */
  readonly #gains: Float64Array;

  constructor(
    readonly regressions: NodeRegressions,
    start: ParentLists,
    readonly edgeCost: number,
  ) {
    this.parents = [...start];
    this.#size = start.length;
    this.#gains = new Float64Array(this.#size ** 2).fill(Number.NEGATIVE_INFINITY);
    for (let node = 0; node < this.#size; node++) this.#refresh(node);
  }

  best(): Move | undefined {
    const size = this.#size;
    let best: Move | undefined;
    for (let to = 0; to < size; to++)
      for (let from = 0; from < size; from++) {
        if (from === to) continue;
        const toggle = this.#gains[from * size + to]!;
        const isEdge = this.parents[to]!.includes(from);
        const least = best?.gain ?? SMALLEST_GAIN;
        if (toggle > least && (isEdge || !this.#reaches(to, from))) best = { from, to, kind: 'toggle', gain: toggle };
        const reverse = isEdge ? toggle + this.#gains[to * size + from]! : Number.NEGATIVE_INFINITY;
        if (reverse > (best?.gain ?? SMALLEST_GAIN) && !this.#reaches(from, to, true))
          best = { from, to, kind: 'reverse', gain: reverse };
      }
    return best;
  }

  apply({ from, to, kind }: Move): void {
    this.parents[to] = toggled(this.parents[to]!, from);
    this.#refresh(to);
    if (kind === 'toggle') return;
    this.parents[from] = toggled(this.parents[from]!, to);
    this.#refresh(from);
  }

  #refresh(node: number): void {
    const { regressions, edgeCost } = this;
    const own = this.parents[node]!;
    const score = regressions.score(node, own, edgeCost);
    for (let other = 0; other < this.#size; other++) {
      if (other === node) continue;
      this.#gains[other * this.#size + node] = regressions.score(node, toggled(own, other), edgeCost) - score;
    }
  }

  /** Whether a directed path leads from `from` to `to`, other than the edge itself where that is left out. */
  #reaches(from: number, to: number, withoutEdge = false): boolean {
    const seen = new Uint8Array(this.#size);
    const pending = [to];
    for (let node = pending.pop(); node !== undefined; node = pending.pop())
      for (const parent of this.parents[node]!) {
        if (withoutEdge && node === to && parent === from) continue;
        if (parent === from) return true;
        if (seen[parent] === 1) continue;
        seen[parent] = 1;
        pending.push(parent);
      }
    return false;
  }
}

function toggled(list: readonly number[], item: number): number[] {
  return list.includes(item) ? list.filter((other) => other !== item) : [...list, item].sort((a, b) => a - b);
}
