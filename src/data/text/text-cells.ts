import { CausalPilotError } from '../../../core/errors.js';
import type { CellRequest, CellSource, CellSourceOptions, CellValues } from '../cells/cell-source.js';
import { CompensatedSums } from '../cells/compensated-sums.js';
import { ValueProfile } from '../cells/value-profile.js';
import { inspectTextFile, refused, type TextFile } from './open-text.js';
import { readNumber } from './read-number.js';
import { type TextRow, visitRows } from './text-rows.js';
import { surveyText, type TextSurvey } from './text-survey.js';

// Shapes: n cells, c columns of the file, g genes; m cells and k genes that are asked for.

/**
 * A table of separated text: a header, then one line per cell. The file is gone through once for the labels and once for every
 * `read`, so that memory follows what is asked for.
 *
 * @param separator - Left out, tabs where the header has any, else commas.
 * @throws CausalPilotError E_INPUT naming file, line and column of what cannot be used.
 */
export async function openTextCells(
  path: string,
  separator: string | undefined,
  options: CellSourceOptions,
): Promise<CellSource> {
  const file = inspectTextFile(path);
  const [firstLine = ''] = file.sample.split(/[\r\n]/, 1);
  const used = separator ?? (firstLine.includes('\t') ? '\t' : ',');
  const survey = await surveyText(file, used, options);
  return {
    file: path,
    layout: used === '\t' ? 'tab-separated text' : 'comma-separated text',
    cells: survey.lines.length,
    genes: survey.roles.genes.map((column) => survey.header[column] ?? ''),
    labels: survey.labels,
    passedOver: survey.roles.passedOver,
    nameCell: (cell) => `line ${survey.lines[cell]}`,
    read: (request) => readValues({ file, separator: used, survey }, request),
    close: () => undefined,
  };
}

interface SurveyedFile {
  readonly file: TextFile;
  readonly separator: string;
  readonly survey: TextSurvey;
}

async function readValues({ file, separator, survey }: SurveyedFile, request: CellRequest): Promise<CellValues> {
  const { header, lines, roles } = survey;
  const { columns, cells } = request;
  const values = new Float64Array(cells.length * columns.length);
  const sums = request.totals ? new CompensatedSums(cells.length) : undefined;
  const profile = new ValueProfile();
  const asked = columns.map((gene) => roles.genes[gene] ?? 0);
  let cell = -1;
  let next = 0;
  let isHeader = true;
  await visitRows(file, separator, (row) => {
    if (isHeader) isHeader = false;
    else cell++;
    if (cell < 0 || cell !== cells[next]) return true;
    if (row.line !== lines[cell]) throw refused(file.path, 'it has changed while it was read');
    asked.forEach((column, slot) => {
      const value = numberAt(file, header, row, column);
      values[next * asked.length + slot] = value;
      if (sums === undefined) profile.add(value, cell, columns[slot] ?? 0);
    });
    if (sums !== undefined)
      roles.genes.forEach((column, gene) => {
        const value = numberAt(file, header, row, column);
        profile.add(value, cell, gene);
        sums.add(next, value);
      });
    next++;
    return next < cells.length;
  });
  if (next < cells.length) throw refused(file.path, 'it has changed while it was read');
  return sums === undefined ? { values, profile } : { values, totals: sums.totals, profile };
}

const [NINE, SPACE] = [57, 32];

function numberAt({ path }: TextFile, header: readonly string[], { fields, line }: TextRow, column: number): number {
  const text = fields[column] ?? '';
  const value = Number(text);
  // The way of nearly all fields; a letter in second place may be that of 0x1f, a space in the first hides it.
  if (Number.isFinite(value) && value !== 0 && !(text.charCodeAt(1) > NINE) && text.charCodeAt(0) > SPACE) return value;
  const field = readNumber(text);
  if (field.kind === 'number') return field.value;
  const place = `${path}, line ${line}, column '${header[column]}'`;
  const problem = {
    missing: `there is no finite number but '${text}'; leave the cell or the gene out, or fill in what was measured`,
    'decimal-comma': `'${text}' has a decimal comma; save the file with decimal points`,
    text: `'${text}' is not a number; list the column in ignoredColumns if it is not a gene`,
  }[field.kind];
  throw new CausalPilotError('E_INPUT', `${place}: ${problem}`);
}
