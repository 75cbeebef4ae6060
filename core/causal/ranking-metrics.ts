// Metrics of how well edge probabilities order the off-diagonal pairs, with scikit-learn's treatment of ties: pairs of
// equal probability are accepted together. A metric that is not defined for a graph (nothing to find, or nothing to
// tell apart) is `null`, never NaN: averages over systems leave it out.
import { CausalPilotError, checkShape } from '../errors.js';
import type { Adjacency } from './graph.js';

/** Counts after accepting every pair down to some probability. */
interface OperatingPoint {
  readonly truePositives: number;
  readonly falsePositives: number;
}

/** One operating point per distinct probability, from the highest to the lowest; the last one accepts everything. */
function operatingPoints(
  functionName: string,
  edgeProbabilities: ArrayLike<number>,
  graph: Adjacency,
): OperatingPoint[] {
  const { size, adjacency } = graph;
  checkShape(functionName, 'edgeProbabilities', [edgeProbabilities.length], [size * size]);
  const entries: number[] = [];
  for (let entry = 0; entry < size * size; entry++) {
    if (entry % (size + 1) === 0) continue;
    if (!Number.isFinite(edgeProbabilities[entry]!))
      throw new CausalPilotError(
        'E_NUMERIC',
        `${functionName}: edge probability (${Math.floor(entry / size)}, ${entry % size}) is ${edgeProbabilities[entry]}`,
      );
    entries.push(entry);
  }
  entries.sort((a, b) => edgeProbabilities[b]! - edgeProbabilities[a]!);
  const points: OperatingPoint[] = [];
  let truePositives = 0;
  entries.forEach((entry, position) => {
    truePositives += adjacency[entry]!;
    const next = entries[position + 1];
    if (next !== undefined && edgeProbabilities[next] === edgeProbabilities[entry]) return;
    points.push({ truePositives, falsePositives: position + 1 - truePositives });
  });
  return points;
}

/** Sum over operating points of (recall gained) x (precision there); null for a graph without edges. */
export function averagePrecision(edgeProbabilities: ArrayLike<number>, graph: Adjacency): number | null {
  const points = operatingPoints('averagePrecision', edgeProbabilities, graph);
  const edges = points.at(-1)?.truePositives ?? 0;
  if (edges === 0) return null;
  let area = 0;
  let found = 0;
  for (const { truePositives, falsePositives } of points) {
    area += ((truePositives - found) / edges) * (truePositives / (truePositives + falsePositives));
    found = truePositives;
  }
  return area;
}

/**
 * Trapezoid area under the precision-recall curve, which starts at recall 0 with precision 1; null for a graph without
 * edges.
 */
export function auprcTrapezoid(edgeProbabilities: ArrayLike<number>, graph: Adjacency): number | null {
  const points = operatingPoints('auprcTrapezoid', edgeProbabilities, graph);
  const edges = points.at(-1)?.truePositives ?? 0;
  if (edges === 0) return null;
  let area = 0;
  let found = 0;
  let precision = 1;
  for (const { truePositives, falsePositives } of points) {
    const nextPrecision = truePositives / (truePositives + falsePositives);
    area += (((truePositives - found) / edges) * (precision + nextPrecision)) / 2;
    found = truePositives;
    precision = nextPrecision;
  }
  return area;
}

/**
 * Probability that an edge is ranked above a non-edge, ties counted half; null where there are no edges or no pairs
 * without one (d = 1).
 */
export function auroc(edgeProbabilities: ArrayLike<number>, graph: Adjacency): number | null {
  const points = operatingPoints('auroc', edgeProbabilities, graph);
  const last = points.at(-1);
  if (last === undefined || last.truePositives === 0 || last.falsePositives === 0) return null;
  let area = 0;
  let before: OperatingPoint = { truePositives: 0, falsePositives: 0 };
  for (const point of points) {
    const rejected = point.falsePositives - before.falsePositives;
    area += (rejected * (point.truePositives + before.truePositives)) / 2;
    before = point;
  }
  return area / (last.truePositives * last.falsePositives);
}
