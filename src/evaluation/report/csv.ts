import type { DifferenceRow, ResultRow } from '../summary.js';

/** Results as comma-separated values with a header line (RFC 4180); an undefined figure is an empty field. */
export function resultsToCsv(rows: readonly ResultRow[]): string {
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

function toCsv(header: readonly string[], records: readonly (readonly (string | number | null)[])[]): string {
  return [header, ...records].map((record) => `${record.map(field).join(',')}\n`).join('');
}

function field(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
