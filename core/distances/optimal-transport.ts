import { type RowSets, squaredDistances } from './point-distances.js';

/** W1: least mean Euclidean distance over which all mass of x moves to y, exact. */
export function wasserstein1(sets: RowSets): number {
  return transportCost(squaredDistances(sets).map(Math.sqrt), sets.x.length / sets.size);
}

/** W2^2: the same with squared distances (no factor 1/2). */
export function wasserstein2Squared(sets: RowSets): number {
  return transportCost(squaredDistances(sets), sets.x.length / sets.size);
}

/**
 * Cheapest plan between uniform weights, by successive shortest paths with potentials (a transportation problem). Weights
 * are counted in units of 1 / (n m), so that every amount is a whole number and the plan ends exactly.
 *
 * @param costs [n, m]
 */
function transportCost(costs: Float64Array, n: number): number {
  const m = costs.length / n;
  const problem: Transport = {
    costs,
    n,
    m,
    flow: new Float64Array(n * m),
    supply: new Float64Array(n).fill(m),
    demand: new Float64Array(m).fill(n),
    potential: new Float64Array(n + m),
  };
  for (let left = n * m; left > 0; ) left -= augment(problem);
  let total = 0;
  for (let entry = 0; entry < costs.length; entry++) total += problem.flow[entry]! * costs[entry]!;
  return total / (n * m);
}

interface Transport {
  readonly costs: Float64Array;
  readonly n: number;
  readonly m: number;
  readonly flow: Float64Array;
  readonly supply: Float64Array;
  readonly demand: Float64Array;
  /** [n + m], rows first: reduced costs are not negative. */
  readonly potential: Float64Array;
}

/** Sends as much as it can along the cheapest path from rows with supply to a column with demand; returns the amount. */
function augment(problem: Transport): number {
  const { n, m, flow, supply, demand, potential } = problem;
  const { distance, before } = shortestPaths(problem);
  let end = -1;
  for (let j = 0; j < m; j++)
    if (demand[j]! > 0 && (end < 0 || distance[n + j]! + potential[n + j]! < distance[n + end]! + potential[n + end]!))
      end = j;
  const path: number[] = [];
  for (let node = n + end; node >= 0; node = before[node]!) path.unshift(node);
  let amount = Math.min(demand[end]!, supply[path[0]!]!);
  for (let step = 1; step + 1 < path.length; step += 2)
    amount = Math.min(amount, flow[path[step + 1]! * m + path[step]! - n]!);
  for (let step = 0; step + 1 < path.length; step++) {
    const [from, to] = [path[step]!, path[step + 1]!];
    if (from < n) flow[from * m + to - n]! += amount;
    else flow[to * m + from - n]! -= amount;
  }
  demand[end]! -= amount;
  supply[path[0]!]! -= amount;
  for (let node = 0; node < n + m; node++) potential[node]! += distance[node]!;
  return amount;
}

/** Dijkstra on reduced costs from all rows with supply left; a column leads back to the rows that send to it. */
function shortestPaths({ costs, n, m, flow, supply, potential }: Transport) {
  const distance = new Float64Array(n + m).fill(Number.POSITIVE_INFINITY);
  const before = new Int32Array(n + m).fill(-1);
  const done = new Uint8Array(n + m);
  // A row with supply may start at its own potential: the source is joined to it at no cost.
  const start = Math.max(...potential.subarray(0, n).filter((_, i) => supply[i]! > 0));
  for (let i = 0; i < n; i++) if (supply[i]! > 0) distance[i] = start - potential[i]!;
  for (;;) {
    let next = -1;
    for (let node = 0; node < n + m; node++)
      if (done[node] === 0 && distance[node]! < (next < 0 ? Number.POSITIVE_INFINITY : distance[next]!)) next = node;
    if (next < 0) return { distance, before };
    done[next] = 1;
    const isRow = next < n;
    for (let other = isRow ? n : 0; other < (isRow ? n + m : n); other++) {
      const entry = isRow ? next * m + other - n : other * m + next - n;
      if (done[other] === 1 || (!isRow && flow[entry] === 0)) continue;
      const length = (isRow ? costs[entry]! : -costs[entry]!) + potential[next]! - potential[other]!;
      if (distance[next]! + Math.max(0, length) >= distance[other]!) continue;
      distance[other] = distance[next]! + Math.max(0, length);
      before[other] = next;
    }
  }
}
