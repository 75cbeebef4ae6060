import { readFileSync } from 'node:fs';

/** The parsed content of a file, or undefined where it is not JSON; for files whose shape is checked next. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
