import { CommanderError } from 'commander';
import { CausalPilotError, USER_ERROR_CODES } from '../../../core/errors.js';

const FAILURE = 1;
const USER_ERROR = 2;

/**
 * Says on standard error what went wrong, in a sentence, and returns the exit code: 2 for what the user can mend in the
 * call, 1 for everything else. CAUSAL_PILOT_DEBUG=1 adds the stack.
 */
export function reportError(error: unknown, stderr: { write(text: string): unknown } = process.stderr): number {
  // Commander has printed its message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USER_ERROR;
  const debug = process.env.CAUSAL_PILOT_DEBUG === '1';
  const isOurs = error instanceof CausalPilotError;
  const isUserError = isOurs && USER_ERROR_CODES.has(error.code);
  const message = error instanceof Error ? error.message : String(error);
  stderr.write(`causal-pilot: ${isOurs ? message : `unexpected error: ${message}`}\n`);
  if (debug && error instanceof Error) stderr.write(`${error.stack}\n`);
  else if (!isUserError) stderr.write('Set CAUSAL_PILOT_DEBUG=1 to see where it happened.\n');
  return isUserError ? USER_ERROR : FAILURE;
}
