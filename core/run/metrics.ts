import { CausalPilotError } from '../errors.js';

/** Metric names with what each one means; the names group by `/`, as TensorBoard does. */
export type MetricDescriptions = Readonly<Record<string, string>>;

/** Values of some of the metrics; logging a name that was not defined does not compile. */
export type MetricValues<Metrics extends MetricDescriptions> = Partial<Record<keyof Metrics & string, number>>;

/** Names that each line of `metrics.jsonl` uses for itself. */
const RESERVED = ['step', 'time'];

/**
 * Declares the closed, documented set of metrics of one kind of run:
 * `defineMetrics({ 'loss/critic': 'mean over critics of ½(Q−y)²' })`.
 *
 * @throws CausalPilotError E_STATE for a reserved name or a missing description.
 */
export function defineMetrics<const Metrics extends MetricDescriptions>(descriptions: Metrics): Metrics {
  for (const [name, description] of Object.entries(descriptions)) {
    if (RESERVED.includes(name))
      throw new CausalPilotError('E_STATE', `defineMetrics: the name '${name}' is reserved; choose another`);
    if (description.trim() === '')
      throw new CausalPilotError('E_STATE', `defineMetrics: '${name}' needs a description of what it measures`);
  }
  return Object.freeze({ ...descriptions });
}
