import { History } from '../../core/causal/history.js';
import { observe } from '../../core/causal/intervention.js';
import { RandomStream } from '../../core/random/stream.js';
import { DesignEnvConfig } from '../../envs/design/design-env-config.js';
import { createCausalModelPrior } from '../../envs/design/prior-registry.js';

/**
 * The range of `historyScale` among the systems that a network was trained on. One that reads values as measured has learned it,
 * and judges otherwise beyond.
 */
export interface TrainedScale {
  readonly lowest: number;
  readonly highest: number;
}

/** Rows without intervention from which a scale is told. */
const FEWEST_ROWS = 5;
const SYSTEMS = 200;
const ROWS = 50;
/** Systems beyond the smallest and largest of those drawn are expected within this factor. */
const MARGIN = 1.25;

/** Geometric mean over variables of the standard deviation of rows without intervention; undefined where there are too few. */
export function historyScale({ size, values, kinds }: History): number | undefined {
  const rows = Array.from(kinds.keys()).filter((row) => kinds[row] === 'none');
  if (rows.length < FEWEST_ROWS) return undefined;
  let logs = 0;
  let varying = 0;
  for (let variable = 0; variable < size; variable++) {
    const column = rows.map((row) => values[row * size + variable]!);
    const mean = column.reduce((sum, value) => sum + value, 0) / rows.length;
    const variance = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (rows.length - 1);
    if (!(variance > 0)) continue;
    logs += Math.log(variance) / 2;
    varying++;
  }
  return varying === 0 ? undefined : Math.exp(logs / varying);
}

/** The range of scales in an environment of linear systems; undefined for others, and where nothing says which it was. */
export function trainedScale(environment: unknown): TrainedScale | undefined {
  const parsed = DesignEnvConfig.safeParse(environment);
  if (!parsed.success || parsed.data.prior.kind !== 'linear-scm') return undefined;
  const prior = createCausalModelPrior(parsed.data.prior);
  const size = parsed.data.prior.variables;
  const scales = Array.from({ length: SYSTEMS }, (_, index) => {
    const stream = new RandomStream(`trained-scale/${index}`);
    const rows = new History(size, ROWS);
    rows.append(prior.sample(stream.child('system')).sample(observe(size), ROWS, stream.child('rows')), observe(size));
    return historyScale(rows);
  }).filter((scale) => scale !== undefined);
  return scales.length === 0
    ? undefined
    : { lowest: Math.min(...scales) / MARGIN, highest: Math.max(...scales) * MARGIN };
}

/**
 * Names data of another scale than those of the training, once. A few histories of a batch may lie beyond: the range was told
 * from a limited number of systems.
 */
export class ScaleWatch {
  #range: TrainedScale | undefined;

  constructor(
    /** Such as `policy`. */
    readonly reader: string,
    readonly range: TrainedScale,
  ) {
    this.#range = range;
  }

  look(histories: readonly History[]): void {
    if (this.#range === undefined) return;
    const { lowest, highest } = this.#range;
    const scales = histories.map(historyScale).filter((scale) => scale !== undefined);
    const beyond = scales.filter((scale) => scale < lowest || scale > highest);
    const [example] = beyond;
    if (example === undefined || beyond.length <= scales.length / 2) return;
    this.#range = undefined;
    process.stderr.write(
      `The ${this.reader} reads values as measured and was trained where standard deviations are about ${rounded(lowest)} to ${rounded(highest)}; here they are about ${rounded(example)}. What it says depends on that: bring the values to the scale of its training.\n`,
    );
  }
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
