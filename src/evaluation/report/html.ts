import type { EvaluationSummary } from '../scores/summary.js';
import type { CurvesFigure } from './curves.js';
import { differenceTables, finalRoundTables, groups, type TextTable } from './table.js';

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 2rem auto; max-width: 84rem; padding: 0 1.5rem; }
  h1 { font-size: 1.6rem; margin-bottom: 0.2rem; }
  h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid #ddd; padding-bottom: 0.3rem; }
  p.note { color: #555; max-width: 60rem; }
  figure { margin: 1rem 0; overflow-x: auto; }
  figure svg { max-width: 100%; height: auto; }
  .table { overflow-x: auto; }
  table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; font-variant-numeric: tabular-nums; }
  caption { text-align: left; font-weight: 600; padding: 0.4rem 0; }
  th, td { text-align: right; padding: 0.25rem 0.9rem 0.25rem 0; border-bottom: 1px solid #eee; white-space: nowrap; }
  th:first-child, td:first-child { text-align: left; }
  thead th { border-bottom: 2px solid #999; }
`;

export interface HtmlReportOptions {
  /** @defaultValue "Evaluation" */
  readonly title?: string;
  /** The curves of each task and environment. */
  readonly figures: readonly CurvesFigure[];
}

/** One self-contained page: the curves of every environment as SVG and the tables; loads nothing and runs no script. */
export function renderHtmlReport(
  { results, differences }: EvaluationSummary,
  { title = 'Evaluation', figures }: HtmlReportOptions,
): string {
  const content = groups(results).flatMap(({ task, environment, rows }) => {
    const isHere = (one: { task: string; environment: string }) => one.task === task && one.environment === environment;
    const heading = escapeHtml(`${task} task, ${environment} environment`);
    return [
      `<h2>${heading}</h2>`,
      ...figures.filter(isHere).map(({ svg }) => `<figure role="img" aria-label="curves: ${heading}">${svg}</figure>`),
      ...[...finalRoundTables(rows), ...differenceTables(differences.filter(isHere))].map(htmlTable),
    ];
  });
  const note = `Means over held-out systems with 95 % percentile bootstrap intervals. Every strategy faced the same systems,
initial rows and measurement noise; differences are paired. A figure followed by n= is defined for that many systems only
(ranking metrics need at least one edge).`;
  return htmlPage({ title, note, content });
}

/** A whole page with the style of all reports; `content` is HTML, title and note are plain text. */
export function htmlPage(page: {
  readonly title: string;
  readonly note: string;
  readonly content: readonly string[];
}): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(page.title)}</h1>
<p class="note">${escapeHtml(page.note)}</p>
${page.content.join('\n')}
</body>
</html>
`;
}

export function htmlTable({ title, header, rows }: TextTable): string {
  const cells = (tag: 'th' | 'td', row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((row) => cells('td', row)).join('\n');
  return `<div class="table"><table><caption>${escapeHtml(title)}</caption>
<thead>${cells('th', header)}</thead>
<tbody>
${body}
</tbody></table></div>`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
