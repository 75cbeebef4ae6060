/** How a figure is named in tables and figures and which direction is good. */
export interface MetricDescription {
  /** For the titles of figures. */
  readonly label: string;
  /** For the columns of tables. */
  readonly short: string;
  readonly better: 'higher' | 'lower';
  /** Decimals that the usual spread of the figure deserves. */
  readonly decimals: number;
}

/** Figures that the tasks take after every round. */
const METRIC_DESCRIPTIONS: Readonly<Record<string, MetricDescription>> = {
  return: { label: 'Return: expected correct entries', short: 'return', better: 'higher', decimals: 2 },
  expectedShd: { label: 'Expected SHD', short: 'SHD', better: 'lower', decimals: 2 },
  auprc: { label: 'AUPRC (average precision)', short: 'AUPRC', better: 'higher', decimals: 3 },
  edgeF1: { label: 'Edge F1', short: 'F1', better: 'higher', decimals: 3 },
  auroc: { label: 'AUROC', short: 'AUROC', better: 'higher', decimals: 3 },
  logPosterior: { label: 'Log posterior of the true graph (nats)', short: 'log q', better: 'higher', decimals: 2 },
  relativeDistance: { label: 'Relative distance to the goal mean', short: 'distance', better: 'lower', decimals: 3 },
  squaredDistance: {
    label: 'Squared distance to the optimal shift',
    short: '|a_t - a*|^2',
    better: 'lower',
    decimals: 3,
  },
  meanDistance: { label: 'Squared distance to the goal mean', short: 'distance^2', better: 'lower', decimals: 3 },
  predictionError: {
    label: 'Squared error of the predicted goal mean',
    short: 'error^2',
    better: 'lower',
    decimals: 3,
  },
  found: { label: 'Share of runs that name the target', short: 'found', better: 'higher', decimals: 2 },
  proposalDistance: {
    label: 'Squared distance of the chosen shift',
    short: '|a - a*|^2',
    better: 'lower',
    decimals: 3,
  },
};

/** A figure taken by a reader of its own, such as `return/exact`, is described as the figure with the reader's name. */
export function describeMetric(metric: string): MetricDescription {
  const [figure = metric, reader] = metric.split('/');
  const known = METRIC_DESCRIPTIONS[figure];
  if (known !== undefined && reader !== undefined)
    return { ...known, label: `${known.label}, ${reader} posterior`, short: `${known.short} (${reader})` };
  return known ?? { label: metric, short: metric, better: 'higher', decimals: 3 };
}

/** "1.23 [1.10, 1.40]"; "1.23 [no interval]" for a single system; a dash where nothing is defined. */
export function formatEstimate(
  { mean, ci95 }: { readonly mean: number | null; readonly ci95: readonly [number | null, number | null] },
  decimals: number,
  signed = false,
): string {
  if (mean === null) return '-';
  const format = (value: number): string => (signed && value > 0 ? '+' : '') + value.toFixed(decimals);
  if (ci95[0] === null || ci95[1] === null) return `${format(mean)} [no interval]`;
  return `${format(mean)} [${format(ci95[0])}, ${format(ci95[1])}]`;
}
