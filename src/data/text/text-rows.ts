import Papa from 'papaparse';
import { CausalPilotError } from '../../../core/errors.js';
import type { TextFile } from './open-text.js';

export interface TextRow {
  readonly fields: readonly string[];
  /** Line of the file where it begins, from 1. */
  readonly line: number;
}

/** Called with every row that is not empty; false ends the reading. */
export type RowVisitor = (row: TextRow) => boolean | undefined;

/**
 * Goes through the rows of separated text, quoted fields with line breaks included, without holding more than a piece of
 * it in memory.
 *
 * @throws CausalPilotError E_INPUT for a quote that is not closed or a damaged archive, and what the visitor throws.
 */
export function visitRows(file: TextFile, separator: string, visit: RowVisitor): Promise<void> {
  const newline = file.sample.includes('\n') ? '\n' : '\r';
  return new Promise((resolve, reject) => {
    const stream = file.open();
    let nextLine = 1;
    stream.on('error', (cause) => reject(damaged(file.path, cause)));
    Papa.parse<string[]>(stream, {
      delimiter: separator,
      newline,
      beforeFirstChunk: (text) => text.replace(/^\uFEFF/, ''),
      step: ({ data, errors }, parser) => {
        try {
          const [problem] = errors;
          if (problem?.type === 'Quotes')
            throw new CausalPilotError(
              'E_INPUT',
              `${file.path}, line ${nextLine}: a quoted field is not closed or goes on after its closing quote`,
            );
          const fields = withoutCarriageReturn(data);
          const line = nextLine;
          nextLine += 1 + fields.reduce((sum, field) => sum + lineBreaks(field), 0);
          if (fields.length === 1 && fields[0] === '') return;
          if (visit({ fields, line }) === false) {
            stream.destroy();
            parser.abort();
          }
        } catch (error) {
          // Before the parser is stopped, which reports completion.
          reject(error);
          stream.destroy();
          parser.abort();
        }
      },
      complete: () => resolve(),
      error: (cause: Error) => reject(damaged(file.path, cause)),
    });
  });
}

/** Windows ends a line by two characters, of which the parser takes the second. */
function withoutCarriageReturn(fields: string[]): string[] {
  const last = fields.length - 1;
  if (fields[last]?.endsWith('\r')) fields[last] = fields[last].slice(0, -1);
  return fields;
}

function lineBreaks(field: string): number {
  return field.includes('\n') ? field.split('\n').length - 1 : 0;
}

function damaged(path: string, cause: unknown): CausalPilotError {
  const { code } = cause as NodeJS.ErrnoException;
  return new CausalPilotError('E_INPUT', `${path}: damaged or cut off: it cannot be read to its end (${code})`, {
    cause,
  });
}
