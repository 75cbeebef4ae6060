import { CausalPilotError } from '../../../core/errors.js';
import { findCollinear, sampleCorrelation } from '../../../models/sparsest-permutation/partial-correlation.js';
import type { CellSource } from '../../data/cells/cell-source.js';
import { listNames } from '../../data/cells/list-names.js';
import type { ScreenStudyConfig } from './goal-study-config.js';
import type { KnockoutScreen } from './knockout-screen.js';

// What cannot be used is refused with the file and the genes. Shapes: n cells, p genes.

/** Learning the graph takes this many control cells more than genes. */
const SPARE_CONTROL_CELLS = 3;
/** Standard deviations between the control mean of a gene and 0 beyond which 0 cannot mean "not expressed". */
const FARTHEST_FROM_ZERO = 1000;
/** The same below which a knockout would shift nothing. */
const NEAREST_TO_ZERO = 1e-6;
/** Its fourth power, times rows and genes, is within double precision. */
const LARGEST_VALUE = 1e60;

export function checkSizes(
  { file }: CellSource,
  { control, transform }: ScreenStudyConfig,
  genes: readonly string[],
  used: readonly number[],
): void {
  const counted = transform === 'log-normalise' ? ' with counts' : '';
  const needed = genes.length + SPARE_CONTROL_CELLS;
  if (used[0]! < needed)
    throw new CausalPilotError(
      'E_INPUT',
      `${file}: ${used[0]} '${control}' cells${counted} are too few for ${genes.length} genes: learning their graph takes ${needed}; choose fewer genes by 'genes'`,
    );
  const empty = genes.filter((_, i) => used[i + 1] === 0);
  if (empty.length > 0)
    throw new CausalPilotError(
      'E_INPUT',
      `${file}: no cell with a knockout of ${listNames(empty)} has counts; leave these genes out of 'genes'`,
    );
}

/** A gene whose values differ by no more than rounding has no place in a regression. */
export function checkConstants({ file }: CellSource, genes: readonly string[], control: Float64Array): void {
  const size = genes.length;
  const constant = genes.filter((_, i) => {
    let [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let entry = i; entry < control.length; entry += size) {
      minimum = Math.min(minimum, control[entry]!);
      maximum = Math.max(maximum, control[entry]!);
    }
    return maximum - minimum <= 4 * Number.EPSILON * Math.max(Math.abs(minimum), Math.abs(maximum));
  });
  if (constant.length === 0) return;
  const cells = control.length / size;
  const [subject, verb] = constant.length === 1 ? ['gene', 'does'] : ['genes', 'do'];
  throw new CausalPilotError(
    'E_INPUT',
    `${file}: ${subject} '${listNames(constant)}' ${verb} not vary among the ${cells} control cells; list the genes to use, without, by 'genes'`,
  );
}

/** @throws CausalPilotError E_INPUT for values whose fourth powers, which criteria are made of, leave double precision. */
export function checkRange({ file }: CellSource, { control }: KnockoutScreen): void {
  const largest = control.cells.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest <= LARGEST_VALUE && largest >= 1 / LARGEST_VALUE) return;
  throw new CausalPilotError(
    'E_INPUT',
    `${file}: the control cells differ by about ${rounded(largest)}, beyond the range of ${1 / LARGEST_VALUE} to ${LARGEST_VALUE} that can be computed with; use another unit`,
  );
}

/** A knockout stands for a shift by minus the control mean, so 0 has to mean that a gene is not expressed. */
export function checkOrigin({ file }: CellSource, { genes, candidates, variances }: KnockoutScreen): void {
  for (const [i, gene] of genes.entries()) {
    const mean = -candidates[i]![i]!;
    const deviation = Math.sqrt(variances[i]!);
    const distance = Math.abs(mean) / deviation;
    if (distance > FARTHEST_FROM_ZERO)
      throw new CausalPilotError(
        'E_INPUT',
        `${file}: the control cells have mean ${rounded(mean)} and standard deviation ${rounded(deviation)} in gene '${gene}', but a knockout is taken as a shift by minus the mean, which needs values where 0 means no expression; subtract what was added to them`,
      );
    if (distance < NEAREST_TO_ZERO)
      throw new CausalPilotError(
        'E_INPUT',
        `${file}: the control cells have mean 0 in gene '${gene}', but a knockout is taken as a shift by minus the mean, which would be none; use values that are not centred`,
      );
  }
}

/** @throws CausalPilotError E_INPUT naming a gene that is a combination of others among the control cells. */
export function checkCollinear({ file }: CellSource, { genes, control }: KnockoutScreen): void {
  const found = findCollinear(sampleCorrelation(control.cells, genes.length));
  if (found === undefined) return;
  throw new CausalPilotError(
    'E_INPUT',
    `${file}: among the control cells gene '${genes[found.variable]}' is a linear combination of ${listNames(found.of.map((i) => genes[i]!))}, so that their effects cannot be told apart; leave one of them out of 'genes'`,
  );
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(6)));
}
