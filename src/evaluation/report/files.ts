import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { writeFileAtomic } from '../../../core/checkpoint/files.js';
import { CausalPilotError } from '../../../core/errors.js';
import { TASK_KINDS } from '../../../models/design-strategy.js';
import type { DifferenceRow, EvaluationSummary, ResultRow } from '../scores/summary.js';
import { differencesToCsv, learningCurvesToCsv, resultsToCsv } from './csv.js';
import { renderCurves } from './curves.js';
import { stackFigures } from './draw.js';
import { renderHtmlReport } from './html.js';
import { type LearningPanel, renderLearningCurves } from './learning-curves.js';

const Figure = z.number().nullable();

const ResultRowSchema = z.strictObject({
  task: z.enum(TASK_KINDS),
  environment: z.string(),
  strategy: z.string(),
  metric: z.string(),
  round: z.int().min(0),
  mean: Figure,
  ci95: z.tuple([Figure, Figure]),
  n: z.int().min(0),
});
const DifferenceRowSchema = z.strictObject({ ...ResultRowSchema.shape, reference: z.string() });

export const RESULTS_FILE = 'results.json';
export const DIFFERENCES_FILE = 'differences.json';

/** Writes the figures as JSON and CSV into `folder`; returns the paths. */
export function writeFigures(folder: string, { results, differences }: EvaluationSummary): string[] {
  const files: [string, string][] = [
    [RESULTS_FILE, toJson(results)],
    [DIFFERENCES_FILE, toJson(differences)],
    ['results.csv', resultsToCsv(results)],
    ['differences.csv', differencesToCsv(differences)],
  ];
  return files.map(([name, content]) => write(folder, name, content));
}

/** Writes the curves (SVG) and the page (HTML) into `folder`; returns the paths. */
export async function writeReport(folder: string, summary: EvaluationSummary, title: string): Promise<string[]> {
  const figures = await renderCurves(summary.results);
  const page = renderHtmlReport(summary, { title, figures });
  return [write(folder, 'curves.svg', stackFigures(figures)), write(folder, 'report.html', page)];
}

/** Writes learning curves as `<base>.json`, `<base>.csv` and `<base>.svg`; returns the paths. */
export async function writeLearningCurves(base: string, panels: readonly LearningPanel[]): Promise<string[]> {
  const files: [string, string][] = [
    [`${base}.json`, `${JSON.stringify(panels, null, 2)}\n`],
    [`${base}.csv`, learningCurvesToCsv(panels)],
    [`${base}.svg`, await renderLearningCurves(panels)],
  ];
  return files.map(([path, content]) => write(dirname(path), basename(path), content));
}

/**
 * Figures as `writeFigures` left them. `differences` is optional: without that file the report has none.
 *
 * @throws CausalPilotError E_INPUT naming the file and the first row and field that cannot be used.
 */
export function readFigures(results: string, differences?: string): EvaluationSummary {
  return {
    results: readRows<ResultRow>(results, z.array(ResultRowSchema).min(1)),
    differences: differences === undefined ? [] : readRows<DifferenceRow>(differences, z.array(DifferenceRowSchema)),
  };
}

function readRows<Row extends ResultRow>(path: string, schema: z.ZodType<Row[]>): readonly Row[] {
  const rows = schema.safeParse(parseJson(path));
  if (rows.success) return rows.data;
  const [issue] = rows.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${formatPath(issue.path)}`;
  throw new CausalPilotError(
    'E_INPUT',
    `${path}: not a results file${where}: ${issue?.message}; expected rows {task, environment, strategy, metric, round, mean, ci95, n}`,
  );
}

function parseJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CausalPilotError('E_INPUT', `${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CausalPilotError('E_INPUT', `${path}: not valid JSON (${(error as Error).message})`, { cause: error });
  }
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === 'number' ? `row ${key}` : `'${String(key)}'`)).join(', ');
}

/** One row per line: readable, and kind to line-based tools. */
function toJson(rows: readonly ResultRow[]): string {
  return `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`;
}

function write(folder: string, name: string, content: string): string {
  const path = join(folder, name);
  writeFileAtomic(path, content);
  return path;
}
