import { existsSync } from 'node:fs';
import * as z from 'zod';
import { writeFileAtomic } from '../../../core/checkpoint/files.js';
import { CausalPilotError } from '../../../core/errors.js';
import { TASK_KINDS } from '../../../models/design-strategy.js';
import { readJson } from './json-file.js';
import { StrategyScores } from './scores.js';

const ScoresFile = z.strictObject({
  format: z.literal('causal-pilot-scores'),
  formatVersion: z.literal(1),
  fingerprint: z.string(),
  tables: z.array(
    z.strictObject({
      key: z.strictObject({
        task: z.enum(TASK_KINDS),
        environment: z.string(),
        strategy: z.string(),
        metrics: z.array(z.string()),
        rounds: z.int().min(0),
        systems: z.int().min(1),
      }),
      completed: z.int().min(0),
      /** The finished systems as little-endian float64 in base64: NaN and every bit survive. */
      values: z.base64(),
    }),
  ),
});

/** Keeps an interrupted evaluation; `fingerprint` says of what. */
export function writeScores(path: string, fingerprint: string, scores: readonly StrategyScores[]): void {
  const tables = scores.map(({ key, completed, filled }) => ({
    key,
    completed,
    values: Buffer.from(filled.buffer, filled.byteOffset, filled.byteLength).toString('base64'),
  }));
  writeFileAtomic(path, JSON.stringify({ format: 'causal-pilot-scores', formatVersion: 1, fingerprint, tables }));
}

/**
 * Scores of an interrupted evaluation, or undefined if there are none or they are of another evaluation.
 *
 * @throws CausalPilotError E_INPUT if the file is damaged.
 */
export function readScores(path: string, fingerprint: string): StrategyScores[] | undefined {
  if (!existsSync(path)) return undefined;
  const parsed = ScoresFile.safeParse(readJson(path));
  if (!parsed.success)
    throw new CausalPilotError('E_INPUT', `${path}: damaged; remove it to evaluate from the beginning`);
  if (parsed.data.fingerprint !== fingerprint) return undefined;
  return parsed.data.tables.map(({ key, completed, values }) => {
    const bytes = new Uint8Array(Buffer.from(values, 'base64'));
    const scores = new StrategyScores(key);
    scores.append(new Float64Array(bytes.buffer, 0, Math.floor(bytes.byteLength / 8)));
    if (scores.completed !== completed)
      throw new CausalPilotError('E_INPUT', `${path}: damaged; remove it to evaluate from the beginning`);
    return scores;
  });
}
