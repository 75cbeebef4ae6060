import { isDeepStrictEqual } from 'node:util';
import type { ExperimentConfig } from '../../../training/config/experiment-config.js';
import { count } from '../../evaluation/report/table.js';
import { flowText } from './search-space.js';

/** What the curves of a panel share. */
export interface PanelSetting {
  readonly environment: Omit<ExperimentConfig['environment'], 'reward'>;
  /** Name of the graph posterior. */
  readonly posterior: string;
}

/** Options that every title says in words. */
const IN_WORDS = new Set(['prior.variables', 'initialRows', 'budget']);

/** "5 variables, 20 initial rows, 5 experiments", and after it whatever else tells the panels apart. */
export function panelTitles(settings: readonly PanelSetting[]): string[] {
  const flat = settings.map(({ environment, posterior }) => leaves({ ...environment, 'graph posterior': posterior }));
  const names = [...new Set(flat.flatMap((own) => [...own.keys()]))].filter((name) => !IN_WORDS.has(name));
  const differing = names.filter((name) => flat.some((own) => !isDeepStrictEqual(own.get(name), flat[0]?.get(name))));
  return settings.map(({ environment: { prior, initialRows, budget } }, index) => {
    const words = [count(prior.variables, 'variable'), count(initialRows, 'initial row'), count(budget, 'experiment')];
    const others = differing.flatMap((name) => {
      const value = flat[index]?.get(name);
      return value === undefined ? [] : [`${name}: ${flowText(value)}`];
    });
    return [words.join(', '), ...others].join('; ');
  });
}

/** Values by dotted path; lists count as values. */
function leaves(value: object, path: readonly string[] = []): Map<string, unknown> {
  return new Map(
    Object.entries(value).flatMap(([key, child]) =>
      typeof child === 'object' && child !== null && !Array.isArray(child)
        ? [...leaves(child, [...path, key])]
        : [[[...path, key].join('.'), child] as const],
    ),
  );
}
