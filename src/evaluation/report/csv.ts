import type { DifferenceRow, ResultRow } from '../scores/summary.js';
import type { LearningPanel } from './learning-curves.js';

/**
 * Results as comma-separated values with a header line (RFC 4180); an undefined figure is an empty field, and so is the
 * round of a figure over all rounds.
 */
export function resultsToCsv(rows: readonly (Omit<ResultRow, 'round'> & { round: number | null })[]): string {
  const header = ['task', 'environment', 'strategy', 'metric', 'round', 'mean', 'ci95_low', 'ci95_high', 'n'];
  return toCsv(
    header,
    rows.map((row) => [row.task, row.environment, row.strategy, row.metric, row.round, row.mean, ...row.ci95, row.n]),
  );
}

/** Paired differences, strategy minus reference, in the same form. */
export function differencesToCsv(rows: readonly DifferenceRow[]): string {
  const header = [
    'task',
    'environment',
    'strategy',
    'reference',
    'metric',
    'round',
    'mean',
    'ci95_low',
    'ci95_high',
    'n',
  ];
  return toCsv(
    header,
    rows.map((row) => [
      row.task,
      row.environment,
      row.strategy,
      row.reference,
      row.metric,
      row.round,
      row.mean,
      ...row.ci95,
      row.n,
    ]),
  );
}

/** One line per point of every learning curve (kind `validation`), per end of a curve and per simple strategy. */
export function learningCurvesToCsv(panels: readonly LearningPanel[]): string {
  const header = [
    'panel',
    'kind',
    'series',
    'sweep',
    'trial',
    'step',
    'processor_minutes',
    'mean_return',
    'ci95_low',
    'ci95_high',
    'seeds',
  ];
  const records = panels.flatMap(({ title, curves, lines }) => [
    ...curves.flatMap(({ label, sweep, trial, points, evaluated }) => {
      const ends = evaluated === null ? [] : [{ kind: 'evaluation', step: null, minutes: null, ...evaluated }];
      return [...points.map((point) => ({ kind: 'validation', ...point })), ...ends].map(
        ({ kind, step, minutes, mean, ci95, seeds }) => {
          return [title, kind, label, sweep, trial, step, minutes, mean, ...(ci95 ?? [null, null]), seeds];
        },
      );
    }),
    ...lines.map(({ strategy, mean }) => {
      return [title, 'simple strategy', strategy, null, null, null, null, mean, null, null, null];
    }),
  ]);
  return toCsv(header, records);
}

function toCsv(header: readonly string[], records: readonly (readonly (string | number | null)[])[]): string {
  return [header, ...records].map((record) => `${record.map(field).join(',')}\n`).join('');
}

function field(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
