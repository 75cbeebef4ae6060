import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { CausalPilotError } from '../../../core/errors.js';
import type { RandomStream } from '../../../core/random/stream.js';

/** A range that random search draws from. */
const Range = z.strictObject({
  from: z.number(),
  to: z.number(),
  scale: z.enum(['linear', 'log']).default('linear'),
  integer: z.boolean().default(false),
});
type Range = z.infer<typeof Range>;

/** One option that varies: a list of values, or a range. */
export interface Variation {
  /** Dotted path into the experiment configuration. */
  readonly option: string;
  readonly choices: readonly unknown[] | Range;
}

/** One configuration to try. */
export interface Trial {
  readonly index: number;
  /** What it sets, by option, in the order of the variations. */
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Reads `option=[value, value]` or `option={ from: 1e-4, to: 1e-2, scale: log }`; what follows the equals sign is YAML.
 *
 * @throws CausalPilotError E_CONFIG naming the text and what is wrong with it.
 */
export function parseVariation(text: string): Variation {
  const at = text.indexOf('=');
  const refuse = (problem: string): CausalPilotError =>
    new CausalPilotError(
      'E_CONFIG',
      `--vary ${text}: ${problem}; write option=[value, value] or option={ from: 1e-4, to: 1e-2, scale: log }`,
    );
  if (at < 1) throw refuse('there is no option before an equals sign');
  const option = text.slice(0, at).trim();
  let given: unknown;
  try {
    given = parse(text.slice(at + 1));
  } catch (error) {
    throw refuse(`the values are not YAML (${(error as Error).message.split('\n')[0]})`);
  }
  if (Array.isArray(given)) {
    if (given.length === 0) throw refuse('the list of values is empty');
    return { option, choices: given };
  }
  const range = Range.safeParse(given);
  if (!range.success) throw refuse('the values are neither a list nor a range');
  const { from, to, scale } = range.data;
  if (!(from < to) || (scale === 'log' && from <= 0))
    throw refuse("'from' must be below 'to', and above 0 on a log scale");
  if (range.data.integer && Math.floor(to) < Math.ceil(from)) throw refuse('there is no whole number in the range');
  return { option, choices: range.data };
}

/**
 * Every combination of the listed values; or `draws` random ones, different from each other where only lists vary.
 *
 * @throws CausalPilotError E_CONFIG if a range is to be listed, an option varies twice, or fewer combinations exist than draws.
 */
export function listTrials(
  variations: readonly Variation[],
  search: { readonly draws?: number; readonly stream: RandomStream },
): Trial[] {
  const repeated = variations.find(({ option }, i) => variations.findIndex((other) => other.option === option) !== i);
  if (repeated !== undefined)
    throw new CausalPilotError('E_CONFIG', `--vary ${repeated.option}: the option varies twice; list it once`);
  const settings =
    search.draws === undefined ? grid(variations) : drawSettings(variations, search.draws, search.stream);
  return settings.map((values, index) => ({ index, values }));
}

/** `option=value` texts that set what a trial sets. */
export function trialOverrides({ values }: Trial): string[] {
  return Object.entries(values).map(([option, value]) => `${option}=${flowText(value)}`);
}

/** A value on one line of YAML. */
export function flowText(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}

function grid(variations: readonly Variation[]): Record<string, unknown>[] {
  return variations.reduce<Record<string, unknown>[]>(
    (settings, { option, choices }) => {
      if (!isList(choices))
        throw new CausalPilotError(
          'E_CONFIG',
          `--vary ${option}: a range cannot be listed; say how many to draw with --draws, or list values`,
        );
      return settings.flatMap((setting) => choices.map((value) => ({ ...setting, [option]: value })));
    },
    [{}],
  );
}

function drawSettings(
  variations: readonly Variation[],
  draws: number,
  stream: RandomStream,
): Record<string, unknown>[] {
  if (variations.every(({ choices }) => isList(choices))) {
    const all = grid(variations);
    if (draws > all.length)
      throw new CausalPilotError(
        'E_CONFIG',
        `--draws ${draws}: the lists have only ${all.length} combinations; draw fewer, or leave --draws out to try all`,
      );
    return Array.from(stream.child('combinations').choose(all.length, draws), (index) => all[index] ?? {});
  }
  return Array.from({ length: draws }, (_, draw) => {
    const own = stream.child('draw', draw);
    return Object.fromEntries(variations.map(({ option, choices }) => [option, drawValue(choices, own.child(option))]));
  });
}

function drawValue(choices: Variation['choices'], stream: RandomStream): unknown {
  if (isList(choices)) return choices[stream.integer(choices.length)];
  return choices.integer ? drawInteger(choices, stream.uniform()) : drawNumber(choices, stream.uniform());
}

/** A whole number in [from, to]; on a linear scale all are equally probable, on a log scale k as [k, k + 1) is. */
function drawInteger({ from, to, scale }: Range, position: number): number {
  const first = Math.ceil(from);
  const end = Math.floor(to) + 1;
  const value = scale === 'log' ? first * (end / first) ** position : first + (end - first) * position;
  return Math.min(Math.floor(value), end - 1);
}

const READABLE_DIGITS = 4;
const MOST_DIGITS = 17;

/** A number in [from, to], rounded so that tables stay readable and far finer than the range is wide. */
function drawNumber({ from, to, scale }: Range, position: number): number {
  const value = scale === 'log' ? from * (to / from) ** position : from + (to - from) * position;
  const width = (to - from) / Math.max(Math.abs(from), Math.abs(to));
  const digits = Math.min(MOST_DIGITS, READABLE_DIGITS + Math.max(0, Math.ceil(-Math.log10(width))));
  return Math.min(Math.max(Number(value.toPrecision(digits)), from), to);
}

function isList(choices: Variation['choices']): choices is readonly unknown[] {
  return Array.isArray(choices);
}
