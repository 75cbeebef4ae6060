import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { flowText } from './search-space.js';

/** What names one configuration of a sweep among those that are drawn together. */
export interface LabelledConfiguration {
  /** The sweep's folder. */
  readonly folder: string;
  /** Options that name the sweep's experiment, as typed: `--preset`, `--config`, `--set`. */
  readonly experiment: readonly string[];
  /** What the trial sets, by dotted option. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The resolved configuration of its runs. */
  readonly config: unknown;
}

/** Options that say how a run is carried out or judged, not what is learned. */
const NOT_LEARNING = /^(seed$|backend\.|evaluation\.)|\.(validation|logEvery|saveEvery)(\.|$)/;

/**
 * One short label per configuration: the experiment's name where it varies, and every option that was set anywhere and
 * whose value varies between configurations of the same experiment. The folder of the sweep is added where that does not
 * tell two apart.
 */
export function curveLabels(configurations: readonly LabelledConfiguration[]): string[] {
  const names = configurations.map(({ experiment }) => experimentName(experiment));
  const showsName = new Set(names).size > 1;
  const tellsApart = (option: string): boolean =>
    [...new Set(names)].some((name) =>
      varies(configurations.filter((_, index) => names[index] === name).map(({ config }) => valueAt(config, option))),
    );
  const options = [...new Set(configurations.flatMap(setOptions))].filter(
    (option) => !NOT_LEARNING.test(option) && tellsApart(option),
  );
  const labels = configurations.map(({ config }, index) => {
    const parts = options.flatMap((option) => {
      const value = valueAt(config, option);
      return value === undefined ? [] : [`${shortName(option, options)}=${flowText(value)}`];
    });
    return [...(showsName || parts.length === 0 ? [names[index] ?? ''] : []), ...parts].join(', ');
  });
  return labels.map((label, index) =>
    labels.filter((other) => other === label).length === 1
      ? label
      : `${label} (${basename(configurations[index]?.folder ?? '')})`,
  );
}

/** The value at a dotted path, or undefined. */
function valueAt(config: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((value, key) => (value instanceof Object ? Reflect.get(value, key) : undefined), config);
}

function varies(values: readonly unknown[]): boolean {
  return values.some((value) => !isDeepStrictEqual(value, values[0]));
}

function setOptions({ experiment, values }: LabelledConfiguration): string[] {
  const overrides = experiment.flatMap((text, index) => (experiment[index - 1] === '--set' ? [text] : []));
  return [...overrides.map((override) => override.split('=')[0] ?? ''), ...Object.keys(values)];
}

function experimentName(experiment: readonly string[]): string {
  const after = (option: string): string | undefined => {
    const at = experiment.indexOf(option);
    return at < 0 ? undefined : experiment[at + 1];
  };
  return after('--preset') ?? basename(after('--config') ?? 'experiment').replace(/\.[^.]*$/, '');
}

/** The option without its section (`learner.kind` without its `kind`), unless another one ends the same way. */
function shortName(option: string, options: readonly string[]): string {
  const withoutSection = (path: string): string => {
    const [section = path, ...rest] = path.split('.');
    return rest.length === 0 || rest.join() === 'kind' ? section : rest.join('.');
  };
  const short = withoutSection(option);
  return options.filter((other) => withoutSection(other) === short).length > 1 ? option : short;
}
