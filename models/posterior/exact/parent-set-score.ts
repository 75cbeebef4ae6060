import { withGap } from './order-sums.js';

// Shapes: d variables, k parents.

/** What the rows say about one sink. */
export interface SinkRows {
  /** [d, d] */
  readonly gram: Float64Array;
  readonly size: number;
  readonly sink: number;
  /** Rows n that tell about its mechanism. */
  readonly rows: number;
}

/** Standard deviations of log sigma^2 between two nodes of the trapezoid, and how many lie around the range of its peaks. */
const NODE_SPACING = 0.5;
const MARGIN_BELOW = 7;
const MARGIN_ABOVE = 10;

/**
 * The log marginal likelihood of every parent set of a sink. Under the environment's prior
 * log of the integral over s = sigma^2 of IG(s; a, b) N(y; 0, s I + X_P X_P' / k), a trapezoid in log s; under the scale-free
 * one -k/2 log(1 + g) - n/2 log((G_jj + g R) / (1 + g)) with R the residual sum of squares.
 */
export function logScore(sink: SinkRows, prior: Float64Array): (parents: number) => number {
  const [scaleFree, , shape, scale, g, most] = prior as unknown as [number, number, number, number, number, number];
  return (parents) => {
    const members = membersOf(parents, sink);
    if (members.length > most) return Number.NEGATIVE_INFINITY;
    return scaleFree === 1 ? scaleFreeScore(sink, members, g) : environmentScore(sink, members, { shape, scale });
  };
}

function membersOf(parents: number, { size, sink }: SinkRows): number[] {
  const whole = withGap(parents, sink);
  return Array.from({ length: size }, (_, i) => i).filter((i) => (whole & (1 << i)) !== 0);
}

function scaleFreeScore(sink: SinkRows, members: readonly number[], g: number): number {
  const { gram, size, sink: j, rows } = sink;
  const variance = gram[j * size + j]!;
  if (rows <= 0 || !(variance > 0)) return 0;
  const { residual, rank } = eliminate(sink, members, 0);
  const share = (1 + (g * residual) / variance) / (1 + g);
  return -0.5 * rank * Math.log1p(g) - (rows / 2) * Math.log(share);
}

function environmentScore(
  sink: SinkRows,
  members: readonly number[],
  { shape, scale }: { readonly shape: number; readonly scale: number },
): number {
  const nodes = varianceNodes(sink, members, { shape, scale });
  const exponents = nodes.map(({ logWeight }) => logWeight);
  const highest = Math.max(...exponents);
  return highest + Math.log(exponents.reduce((sum, exponent) => sum + Math.exp(exponent - highest), 0));
}

/** One node of the quadrature over the noise variance of a sink with known parents. */
export interface VarianceNode {
  readonly variance: number;
  /** log of prior times likelihood times the width of the node. */
  readonly logWeight: number;
}

/** The posterior of a sink's noise variance given its parents, on a trapezoid in its logarithm. */
export function varianceNodes(
  sink: SinkRows,
  members: readonly number[],
  { shape, scale }: { readonly shape: number; readonly scale: number },
): VarianceNode[] {
  const { gram, size, sink: j, rows } = sink;
  const k = members.length;
  const least = shape + Math.max(0, rows - k) / 2;
  const deviation = 1 / Math.sqrt(least);
  const low =
    Math.log((scale + eliminate(sink, members, 0).residual / 2) / (shape + rows / 2)) - MARGIN_BELOW * deviation;
  const high = Math.log((scale + gram[j * size + j]! / 2) / least) + MARGIN_ABOVE * deviation;
  const step = NODE_SPACING / Math.sqrt(shape + rows / 2);
  const constant = shape * Math.log(scale) - logGamma(shape) - (rows / 2) * Math.log(2 * Math.PI) + Math.log(step);
  return Array.from({ length: Math.ceil((high - low) / step) }, (_, index) => {
    const logVariance = low + index * step;
    const variance = Math.exp(logVariance);
    const { residual, logDeterminant } = eliminate(sink, members, variance * k);
    const logLikelihood =
      -((rows - k) / 2) * logVariance - (logDeterminant - k * Math.log(Math.max(k, 1))) / 2 - residual / (2 * variance);
    return { variance, logWeight: constant - shape * logVariance - scale / variance + logLikelihood };
  });
}

/**
 * Elimination of the parents from the Gram matrix with `ridge` on their diagonal: residual G_jj - b' (ridge I + G_PP)^-1 b,
 * log determinant and rank of ridge I + G_PP. What is collinear with earlier parents is passed over.
 */
export function eliminate({ gram, size, sink }: SinkRows, members: readonly number[], ridge: number) {
  const order = [...members, sink];
  const width = order.length;
  const a = Float64Array.from({ length: width * width }, (_, at) => {
    const [u, w] = [Math.floor(at / width), at % width];
    return gram[order[u]! * size + order[w]!]! + (u === w && u < width - 1 ? ridge : 0);
  });
  let logDeterminant = 0;
  let rank = 0;
  for (let v = 0; v + 1 < width; v++) {
    const pivot = a[v * width + v]!;
    if (!(pivot > 1e-12 * (gram[order[v]! * size + order[v]!]! + ridge))) continue;
    rank++;
    logDeterminant += Math.log(pivot);
    for (let u = v + 1; u < width; u++)
      for (let w = u; w < width; w++) a[u * width + w]! -= (a[v * width + u]! * a[v * width + w]!) / pivot;
  }
  return { residual: Math.max(0, a[width * width - 1]!), logDeterminant, rank };
}

/** log Gamma(x) for x > 0: Stirling's series after the recurrence has made x large. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift -= Math.log(z);
  const square = 1 / (z * z);
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / z;
  return shift + (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series;
}
