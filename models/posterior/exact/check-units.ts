import type { History } from '../../../core/causal/history.js';
import { CausalPilotError } from '../../../core/errors.js';
import type { SinkStatistics } from '../../../core/native/ops/exact-posterior.js';
import { eliminate } from './parent-set-score.js';

/** How many times a measured noise variance may differ from the mean of its prior; 1,000 are 30 in standard deviations. */
const LARGEST_RATIO = 1000;
/** Degrees of freedom from which a residual variance tells the scale of the noise. */
const ENOUGH_ROWS = 5;

/**
 * The environment's prior knows how large noise is, and data in other units look to it like other systems. The residual
 * variance of each sink on all other variables, which no graph explains, must be of the prior's order of magnitude.
 *
 * @throws CausalPilotError E_INPUT naming the history and the variable.
 */
export function checkUnits(
  { count, size, grams, rowCounts }: SinkStatistics,
  { shape, scale }: { readonly shape: number; readonly scale: number },
): void {
  const expected = scale / Math.max(shape - 1, 1);
  for (let task = 0; task < count * size; task++) {
    const degrees = rowCounts[task]! - (size - 1);
    if (degrees < ENOUGH_ROWS) continue;
    const sink = task % size;
    const gram = grams.subarray(task * size * size, (task + 1) * size * size);
    const others = Array.from({ length: size }, (_, i) => i).filter((i) => i !== sink);
    const { residual } = eliminate({ gram, size, sink, rows: rowCounts[task]! }, others, 0);
    const variance = residual / degrees;
    // A constant has no unit, and a copy of other variables none that could be told.
    if (!(residual > 1e-9 * gram[sink * size + sink]!)) continue;
    if (variance <= LARGEST_RATIO * expected && variance >= expected / LARGEST_RATIO) continue;
    throw new CausalPilotError(
      'E_INPUT',
      `exact posterior: the noise of variable ${sink} of history ${Math.floor(task / size)} has variance ${rounded(variance)}, while the environment's prior expects about ${rounded(expected)}: the rows are in other units; bring them to the environment's, or use the scale-free posterior`,
    );
  }
}

/** Rows without intervention from which, and standard errors beyond which, a mean is not that of centred data. */
const ROWS_OF_A_MEAN = 10;
const FARTHEST_MEAN = 30;

/**
 * Without an intercept, systems have mean 0 where nothing is done to them.
 *
 * @throws CausalPilotError E_INPUT naming the history and the variable.
 */
export function checkCentred(histories: readonly History[]): void {
  for (const [index, { size, values, kinds }] of histories.entries()) {
    const rows = Array.from(kinds.keys()).filter((row) => kinds[row] === 'none');
    if (rows.length < ROWS_OF_A_MEAN) continue;
    for (let variable = 0; variable < size; variable++) {
      const column = rows.map((row) => values[row * size + variable]!);
      const mean = column.reduce((sum, value) => sum + value, 0) / rows.length;
      const squares = column.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const error = Math.sqrt(squares / (rows.length - 1) / rows.length);
      if (!(error > 0) || Math.abs(mean) <= FARTHEST_MEAN * error) continue;
      throw new CausalPilotError(
        'E_INPUT',
        `exact posterior: variable ${variable} of history ${index} has mean ${rounded(mean)} where nothing was done to it (standard error ${rounded(error)}), but a prior with intercept 'zero' expects 0; subtract the mean, or use intercept 'free'`,
      );
    }
  }
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
